import { testProgramOnRay } from '../support/program-on-ray.ts'

await testProgramOnRay('test/programs/tasks.ts', {
  'the runtime context names job, node, worker, task and attempt': 'the ids of tasks are those of Ray, which refs here do not carry',
  'custom resources and fractions of CPUs limit what runs at once':
    'the limits hold, but workers of Ray start too slowly to reach them in its time',
})
