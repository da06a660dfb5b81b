import { testProgram } from '../support/run-program.ts'

await testProgram('test/faults/http-floods.ts')
