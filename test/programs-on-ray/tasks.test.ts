import { testProgramOnRay } from '../support/program-on-ray.ts'

await testProgramOnRay('test/programs/tasks.ts', {
  'the runtime context names job, node, worker, task and attempt': 'the ids of tasks are those of Ray, which refs here do not carry',
})
