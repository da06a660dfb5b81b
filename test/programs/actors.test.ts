import { testProgram } from '../support/run-program.ts'

await testProgram('test/programs/actors.ts')
