import { testProgramOnRay } from '../support/program-on-ray.ts'

const disk = 'Ray takes room on the disk where memory has none'
await testProgramOnRay('test/programs/spilling.ts', {
  'an object larger than the store is refused with ObjectStoreFullError': disk,
  'a store full of objects in use refuses the next, names itself, and what exists stays readable': disk,
})
