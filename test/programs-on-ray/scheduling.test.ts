import { testProgramOnRay } from '../support/program-on-ray.ts'

await testProgramOnRay('test/programs/scheduling.ts', {
  'what no node can hold is warned about with the nearest fit, and fails in the stated time': 'it waits for ever, with a warning of Ray',
})
