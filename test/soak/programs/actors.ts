// node actors.ts ACTORS CALLS ANSWER: actors that are called again and again, of which some are killed in the middle and made anew.
import * as shoal from 'shoal'
import { tellAnswer } from './answers.ts'

const [actors = 0, calls = 0] = process.argv.slice(2).map(Number)
await shoal.init({ onWarning: () => {} })
const Keeper = shoal.actor(
  class {
    readonly #index: number
    constructor(index: number) {
      this.#index = index
    }
    answer(call: number) {
      return this.#index * 1_000 + call
    }
  },
  { numCpus: 0, maxRestarts: -1, maxTaskRetries: -1 },
)

async function keep(index: number): Promise<number> {
  const keeper = Keeper.remote(index)
  let sum = 0
  for (let call = 0; call < calls; call += 1) {
    if (call === Math.floor(calls / 2) && index % 2 === 0) await shoal.kill(keeper, { noRestart: false })
    const answer = await shoal.get(keeper.answer.remote(call))
    if (answer !== index * 1_000 + call) throw new Error(`actor ${index} answered call ${call} with ${answer}`)
    sum += answer
  }
  return sum
}

const sums = await Promise.all(Array.from({ length: actors }, (_, index) => keep(index)))
tellAnswer(sums.reduce((sum, each) => sum + each, 0))
await shoal.shutdown()
