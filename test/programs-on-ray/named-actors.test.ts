import { testProgramOnRay } from '../support/program-on-ray.ts'

await testProgramOnRay('test/programs/named-actors.ts', {
  'a large result that is still held does not keep its actor alive, unless its calls may run again': 'Ray keeps the actor',
  'a worker that may run no more tasks stays while others use an actor that it made, and then ends':
    'with maxCalls the Node process is replaced, and its Ray worker, which owns the actor, stays',
})
