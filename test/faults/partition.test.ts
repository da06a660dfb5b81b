import { test } from 'vitest'
import { noNamespace } from '../support/own-namespace.ts'
import { testProgram } from '../support/run-program.ts'

const missing = noNamespace('mount', 'network')
test.skipIf(missing !== undefined)(`a cut network can be tried here${missing ? `: skipped, needs ${missing}` : ''}`, () => {})
if (missing === undefined) await testProgram('test/faults/partition.ts')
