import { testProgramOnRay } from '../support/program-on-ray.ts'

await testProgramOnRay('test/programs/streams.ts', {
  'a stream that ran again and gave fewer items, or an error in place of one, fails with the error for that':
    'Ray ends the stream where it ended before',
})
