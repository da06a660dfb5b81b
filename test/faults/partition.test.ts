import { expect, test } from 'vitest'
import { noNamespace } from '../support/own-namespace.ts'
import { testProgram } from '../support/run-program.ts'

const missing = noNamespace('mount', 'network')
test.skipIf(missing !== undefined)(
  `a cut network can be tried here${missing === undefined ? '' : `: skipped, this needs ${missing}`}`,
  () => expect(missing).toBeUndefined(),
)
if (missing === undefined) await testProgram('test/faults/partition.ts')
