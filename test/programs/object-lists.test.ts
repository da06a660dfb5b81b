import { testProgram } from '../support/run-program.ts'

await testProgram('test/programs/object-lists.ts', { env: { SHOAL_RECORD_CALL_SITES: '1' } })
