import { testProgramOnRay } from '../support/program-on-ray.ts'

const early = 'a call made while an actor restarts may fail with ActorUnavailableError unless maxTaskRetries is set'
await testProgramOnRay('test/programs/actor-restarts.ts', {
  'with maxRestarts the constructor runs again, the state is lost, and calls in flight fail with ActorUnavailableError': early,
  'calls made while it restarts wait for the next life': early,
  'constructor arguments are there again after a restart, also those in the store': early,
  'a constructor that throws after a restart ends the actor with its error': early,
})
