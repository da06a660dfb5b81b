import { testProgramOnRay } from '../support/program-on-ray.ts'

await testProgramOnRay('test/programs/cancel.ts', {
  'a task that waits for an argument never runs once cancelled':
    'Ray 2.58 ends the driver now and then in this case, by a failed check of its own',
})
