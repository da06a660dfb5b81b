import { expect, test } from 'vitest'
import { RayChanges, type Seen } from '#src-main/cluster/ray/ray-changes.ts'

const node = (state: string) => ({ node_id: 'n1', state, state_message: null })
const job = (id: string, status: string) => ({ id, submission_id: id, status, start_time: 5, end_time: status === 'RUNNING' ? null : 9 })
const task = (id: string, attempt: number, state: string) => ({
  task_id: id,
  attempt_number: attempt,
  state,
  end_time_ms: state === 'FAILED' ? 7 : null,
})

/** What a look at the lists makes of it. */
function watching(first: Partial<Seen>, seq = 0) {
  const changes = new RayChanges(seq)
  const frames = [...changes.snapshot(first)]
  const look = (seen: Partial<Seen>) => {
    const frame = changes.batch(seen, 1_000)
    if (frame === undefined) return []
    if (frame.type !== 'batch') throw new Error('no batch')
    expect([frame.from, frame.to]).toEqual([frame.events[0]?.seq, frame.events.at(-1)?.seq])
    return frame.events.map(({ seq: number, kind, id, type, atMs }) => [number, kind, id, type, atMs].join(' '))
  }
  return { frames, look }
}

test('a stream begins with all that stands, tasks aside, and its numbers go on from the last that was known', () => {
  const { frames, look } = watching({ node: [node('ALIVE')], job: [job('j', 'RUNNING')], task: [task('t', 0, 'RUNNING')] }, 41)
  expect(frames).toMatchObject([{ type: 'snapshot', to: 41, part: 0, isLast: true, rows: [{ kind: 'node' }, { kind: 'job', id: 'j' }] }])
  expect(look({ job: [job('j', 'SUCCEEDED')] })).toEqual(['42 job j state 9'])
})

test('a large cluster comes in frames of which the last says so', () => {
  const many = Array.from({ length: 4_500 }, (_, index) => ({ node_id: `n${index}`, state: 'ALIVE' }))
  const { frames } = watching({ node: many })
  expect(frames.map((frame) => frame.type === 'snapshot' && [frame.part, frame.isLast, frame.rows.length])).toEqual([
    [0, false, 2_000],
    [1, false, 2_000],
    [2, true, 500],
  ])
})

test('what is new, changed and gone are events; what is as before is none', () => {
  const { look } = watching({ node: [node('ALIVE')], job: [job('j', 'RUNNING')], task: [task('t', 0, 'RUNNING')] })
  expect(look({ node: [node('ALIVE')], job: [job('j', 'RUNNING')], task: [task('t', 0, 'RUNNING')] })).toEqual([])
  expect(look({ node: [node('DEAD')], job: [job('k', 'RUNNING')], task: [task('t', 0, 'FAILED'), task('t', 1, 'RUNNING')] })).toEqual([
    '1 node n1 died 1000',
    '2 job k submitted 5',
    '3 job j deleted 5',
    '4 task t state 7',
    '5 task t state 1000',
  ])
})

test('a list that could not be read is as it was, and one that comes late makes no events of what stood before', () => {
  const { look } = watching({ job: [job('j', 'RUNNING')] })
  expect(look({ node: [node('ALIVE')] })).toEqual([])
  expect(look({ node: [node('DEAD')] })).toEqual(['1 node n1 died 1000'])
  expect(look({ job: [job('j', 'STOPPED')] })).toEqual(['2 job j state 9'])
})
