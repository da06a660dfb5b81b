import { testProgram } from '../support/run-program.ts'

await testProgram('test/programs/operator-control.ts')
