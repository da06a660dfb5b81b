// A task that asks for more GPUs than there are: it waits, and the cluster says why.
import * as shoal from 'shoal'

await shoal.init()

const minutes = Number(process.argv[2] ?? 10)
const { GPU: present = 0 } = await shoal.clusterResources()
const wanted = present + 1

const train = shoal.remote(() => `trained on ${wanted} GPUs`, { numGpus: wanted, name: 'train' })
console.log(`The cluster has ${present} GPUs, and this asks for ${wanted}. Add a machine that has them, and it goes on.`)

const untilMs = Date.now() + minutes * 60_000
while (Date.now() < untilMs) {
  try {
    console.log(await shoal.get(train.remote(), { timeout: untilMs - Date.now() }))
    break
  } catch (error) {
    // A cluster refuses after a minute what no node of it can run; ours may still grow.
    if (error instanceof shoal.TaskUnschedulableError) console.log(`Refused, asking again: ${error.message}`)
    else if (error instanceof shoal.GetTimeoutError) console.log('No machine with GPUs came; done waiting.')
    else throw error
  }
}
