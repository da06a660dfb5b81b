import { testProgramOnRay } from '../support/program-on-ray.ts'

const labels = 'labels need Ray 2.49'
const words = 'Ray says in a word, or not at all, why a group waits'
await testProgramOnRay(
  'test/programs/placement-groups.ts',
  {
    'PACK goes over several nodes when one is too small; STRICT_PACK waits and says why': words,
    'SPREAD and STRICT_SPREAD use different nodes': words,
    'a group is set aside whole or not at all': words,
    'an infeasible group says which bundle no node can hold': words,
    'removing a group ends what runs in it and fails what waits for it, at once': 'what waits for it waits for ever',
  },
  {
    on29: {
      'bundles show as resources of the group while it lives': 'Ray 2.9 shows other sums',
      'tasks may be submitted before the group is placed; they wait for it': labels,
      'children of a task in a group run there too when captureChildTasks is set, and else do not': labels,
      'a group may be passed to tasks, and used by functions that they carry': labels,
    },
  },
)
