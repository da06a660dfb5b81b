import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TaskReports } from '#runtime/protocol/events.ts'
import { openReports, TaskReportBuffer } from '#runtime/protocol/task-reports.ts'
import { packPlain, unpackPlain } from '#runtime/transport/packed.ts'

const report = fc.record({
  taskId: fc.bigInt({ min: 0n, max: 2n ** 192n - 1n }).map((value) => value.toString(16).padStart(48, '0')),
  attempt: fc.nat(),
  state: fc.integer({ min: 0, max: 13 }),
  createdMs: fc.double({ min: 0, max: 1e13, noNaN: true }),
  submittedMs: fc.double({ min: 0, max: 1e13, noNaN: true }),
  startedMs: fc.double({ min: 0, max: 1e13, noNaN: true }),
  endedMs: fc.double({ min: 0, max: 1e13, noNaN: true }),
})
const kinds = [{ name: 'a' }, { name: 'b', resources: { CPU: 0.5 } }]

test('reports come back as they were put in, also when the buffer grows and is used again', () => {
  const buffer = new TaskReportBuffer(2_000)
  fc.assert(
    fc.property(fc.array(fc.record({ report, kind: fc.nat({ max: 1 }) }), { minLength: 1, maxLength: 700 }), (added) => {
      for (const { report: each, kind } of added) buffer.add(each, kinds[kind]!, (key) => key)
      const taken = buffer.take(false)!
      const open = openReports(TaskReports.parse(unpackPlain(packPlain(taken.reports))))
      expect(open.count).toBe(added.length)
      for (const [row, { report: each, kind }] of added.entries()) {
        expect({
          taskId: Buffer.from(open.taskIds.subarray(row * 24, row * 24 + 24)).toString('hex'),
          attempt: open.attempt[row],
          state: open.state[row],
          createdMs: open.createdMs[row],
          submittedMs: open.submittedMs[row],
          startedMs: open.startedMs[row],
          endedMs: open.endedMs[row],
        }).toEqual(each)
        expect(open.kinds[open.kind[row]!]).toEqual(kinds[kind])
      }
      expect(buffer.take(false)).toBeUndefined()
    }),
    { numRuns: 50 },
  )
})

test('a full buffer counts what it drops, and begins anew when it was taken', () => {
  const buffer = new TaskReportBuffer(300)
  const each = { taskId: '0'.repeat(48), attempt: 0, state: 1, createdMs: 1, submittedMs: 0, startedMs: 0, endedMs: 0 }
  for (let index = 0; index < 310; index += 1) buffer.add(each, kinds[0]!, (key) => key)
  expect(buffer.take(false)).toMatchObject({ dropped: 10, reports: { count: 300 } })
  buffer.add(each, kinds[0]!, (key) => key)
  expect(buffer.take(false)).toMatchObject({ dropped: 0, reports: { count: 1 } })
})

test('columns that are too short for their count are refused', () => {
  const buffer = new TaskReportBuffer(10)
  buffer.add(
    { taskId: '0'.repeat(48), attempt: 0, state: 1, createdMs: 1, submittedMs: 0, startedMs: 0, endedMs: 0 },
    kinds[0]!,
    (key) => key,
  )
  const { reports } = buffer.take(false)!
  expect(() => openReports({ ...reports, count: 2 })).toThrow(RangeError)
  expect(() => openReports({ ...reports, endedMs: new Uint8Array(3) })).toThrow(/3 bytes/)
})
