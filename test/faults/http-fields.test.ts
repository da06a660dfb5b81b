import { testProgram } from '../support/run-program.ts'

await testProgram('test/faults/http-fields.ts')
