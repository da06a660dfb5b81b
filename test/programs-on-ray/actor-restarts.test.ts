import { testProgramOnRay } from '../support/program-on-ray.ts'

await testProgramOnRay('test/programs/actor-restarts.ts', {
  'with maxRestarts the constructor runs again, the state is lost, and calls in flight fail with ActorUnavailableError':
    'a call made while an actor restarts may fail with ActorUnavailableError, and the last death does not speak of maxRestarts',
  'calls made while it restarts wait for the next life': 'they may fail with ActorUnavailableError unless maxTaskRetries is set',
})
