import { testProgramOnRay } from '../support/program-on-ray.ts'

await testProgramOnRay('test/programs/objects.ts', {
  '100 MB come back as a view without a copy, in this process and in a task': 'values come from Python through a socket, copied',
})
