import { testProgramOnRay } from '../support/program-on-ray.ts'

await testProgramOnRay('test/programs-on-ray/large-values.ts')
