import { noNamespace } from '../support/own-namespace.ts'
import { testProgramOnRay } from '../support/program-on-ray.ts'

await testProgramOnRay(
  'test/programs-on-ray/three-nodes.ts',
  {},
  {
    needs: noNamespace('mount', 'network', 'process'),
    on29: { 'without the token, or with another, a program is not let in and is told why': 'Ray 2.9 has no tokens' },
    limitMs: 900_000,
  },
)
