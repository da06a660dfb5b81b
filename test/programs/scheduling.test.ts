import { testProgram } from '../support/run-program.ts'

await testProgram('test/programs/scheduling.ts')
