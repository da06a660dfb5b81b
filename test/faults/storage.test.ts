import { expect, test } from 'vitest'
import { noNamespace } from '../support/own-namespace.ts'
import { testProgram } from '../support/run-program.ts'

const missing = noNamespace('mount')
test.skipIf(missing !== undefined)(
  `full disks and a full shared memory can be tried here${missing === undefined ? '' : `: skipped, this needs ${missing}`}`,
  () => expect(missing).toBeUndefined(),
)
if (missing === undefined) await testProgram('test/faults/storage.ts')
