import { testProgramOnRay } from '../support/program-on-ray.ts'

const labels = 'labels need Ray 2.49'
await testProgramOnRay(
  'test/programs/scheduling.ts',
  {
    'what no node can hold is warned about with the nearest fit, and fails in the stated time': 'it waits for ever, with a warning of Ray',
  },
  {
    on29: {
      'label selectors choose nodes: a value, !value, in() and !in()': labels,
      'fallbackStrategy is tried in its order when no node matches': labels,
    },
  },
)
