import { expect, test } from 'vitest'
import { createInFlight } from '#runtime/head/http/in-flight.ts'

const refusal = (begun: ReturnType<ReturnType<typeof createInFlight>['begin']>) => (typeof begun === 'function' ? undefined : begun.code)

test('the hundred and first state request at once is refused, and another takes the room of one that ended', () => {
  const inFlight = createInFlight()
  const ends = Array.from({ length: 100 }, () => inFlight.begin('/api/v0/tasks'))
  expect(refusal(inFlight.begin('/api/v0/nodes'))).toBe('too-many-requests')
  expect(refusal(inFlight.begin('/api/jobs/'))).toBeUndefined() // another kind has its own room
  expect(refusal(inFlight.begin('/api/v0/logs/stream'))).toBeUndefined() // it may never end
  const [first] = ends
  if (typeof first === 'function') {
    first()
    first() // counted once
  }
  expect(refusal(inFlight.begin('/api/v0/nodes'))).toBeUndefined()
  expect(refusal(inFlight.begin('/api/v0/nodes'))).toBe('too-many-requests')
})

test('streams have a limit of their own', () => {
  const inFlight = createInFlight()
  for (let count = 0; count < 1_000; count += 1) expect(refusal(inFlight.begin('/api/jobs/x/logs/tail', true))).toBeUndefined()
  expect(refusal(inFlight.begin('/api/jobs/y/logs/tail', true))).toBe('too-many-requests')
})
