import { testProgramOnRay } from '../support/program-on-ray.ts'

const ours = 'it takes copies out of the store of the bundled runtime'
const forgets = 'Ray itself forgets who got a ref out of the result of another, when those before it let go'
const waits = 'what no node can hold waits for ever, with a warning of Ray'
await testProgramOnRay('test/programs/references.ts', {
  'a ref passed on to a third process lives on after the first two have dropped it': forgets,
  'when the owner dies its objects fail with OwnerDiedError, even where bytes are left': 'Ray gives what is on this node already',
  'a lost result of a task is made again by running the task': ours,
  'a lost result of an actor is made again where maxTaskRetries allows it, and only there': ours,
  'what was put, and what may not run again, cannot be made again and says so': ours,
  'a request that no node can meet is warned of with the nearest fit, and fails after the time set': waits,
})
