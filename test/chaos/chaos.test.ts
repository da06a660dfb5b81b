import { testProgram } from '../support/run-program.ts'

await testProgram('test/chaos/chaos.ts', { limitMs: 280_000 })
