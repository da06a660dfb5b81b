import { testProgramOnRay } from '../support/program-on-ray.ts'

const words = 'Ray says in a word, or not at all, why a group waits'
await testProgramOnRay('test/programs/placement-groups.ts', {
  'PACK goes over several nodes when one is too small; STRICT_PACK waits and says why': words,
  'SPREAD and STRICT_SPREAD use different nodes': words,
  'a group is set aside whole or not at all': words,
  'an infeasible group says which bundle no node can hold': words,
  'removing a group ends what runs in it and fails what waits for it, at once': 'what waits for it waits for ever',
})
