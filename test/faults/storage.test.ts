import { test } from 'vitest'
import { noNamespace } from '../support/own-namespace.ts'
import { testProgram } from '../support/run-program.ts'

const missing = noNamespace('mount')
test.skipIf(missing !== undefined)(
  `full disks and a full shared memory can be tried here${missing ? `: skipped, needs ${missing}` : ''}`,
  () => {},
)
if (missing === undefined) await testProgram('test/faults/storage.ts')
