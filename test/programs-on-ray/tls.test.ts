import { noNamespace } from '../support/own-namespace.ts'
import { testProgramOnRay } from '../support/program-on-ray.ts'

await testProgramOnRay('test/programs-on-ray/tls.ts', {}, { needs: noNamespace('mount', 'network', 'process') })
