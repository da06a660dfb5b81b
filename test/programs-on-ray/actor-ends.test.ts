import { testProgramOnRay } from '../support/program-on-ray.ts'

await testProgramOnRay('test/programs/actor-ends.ts', {
  'a call that waits can be cancelled, and the ones around it run':
    'Ray keeps the calls behind a cancelled one waiting for 30 s, then fails them',
})
