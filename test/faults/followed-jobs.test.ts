import { testProgram } from '../support/run-program.ts'

await testProgram('test/faults/followed-jobs.ts', { limitMs: 900_000 })
