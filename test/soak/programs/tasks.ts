// node tasks.ts COUNT ANSWER: tasks that wait a little, some of which ask others; each may be run again as often as it takes.
import * as shoal from 'shoal'
import { tellAnswer } from './answers.ts'

const count = Number(process.argv[2])
await shoal.init({ onWarning: () => {} })
const work = shoal.remote(
  async (index: number) => {
    await new Promise((resolve) => setTimeout(resolve, 10 + (index % 17) * 5))
    return index * 3 + 1
  },
  { maxRetries: -1, numCpus: 0.25, schedulingStrategy: 'SPREAD' },
)
const askOthers = shoal.remote(async (indexes: readonly number[]) => shoal.get(indexes.map((index) => work.remote(index))), {
  maxRetries: -1,
  numCpus: 0.25,
})
const direct = Array.from({ length: Math.ceil(count / 2) }, (_, index) => work.remote(index))
const nested = askOthers.remote(Array.from({ length: Math.floor(count / 2) }, (_, index) => Math.ceil(count / 2) + index))
const results = [...(await shoal.get(direct)), ...(await shoal.get(nested))]
tellAnswer(results.reduce((sum, value) => sum + value, 0))
await shoal.shutdown()
