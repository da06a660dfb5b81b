import { expect, test } from 'vitest'
import type { ClusterCalls } from '#src-main/cluster/cluster-calls.ts'
import { LogSync } from '#src-main/cluster/history/log-sync.ts'
import { aHistory, clusterId } from './a-history.ts'

const mebibyte = 'x'.repeat(1024 * 1024)

/** A log whose pieces come when they are let through, also after whoever follows it went away, as those that had arrived by then do. */
function aLog() {
  let letThrough = (): void => {}
  const next = () => new Promise<void>((resolve) => (letThrough = resolve))
  return {
    letThrough: () => letThrough(),
    async *pieces() {
      for (let offset = 0; ; offset += mebibyte.length) {
        await next()
        yield { offset, next: offset + mebibyte.length, text: mebibyte }
      }
    },
  }
}

test('following ends when it is told to, also with more unwritten than may be and pieces still on their way', async () => {
  const record = aHistory().history.record(clusterId)
  const logs = { one: aLog(), other: aLog() }
  record.together(() => {
    for (const id of Object.keys(logs)) record.putThing('jobs', { id, submission_id: id, type: 'SUBMISSION', status: 'RUNNING' }, 1)
  })
  const client = { tailJobLog: (id: keyof typeof logs) => logs[id].pieces() } as unknown as ClusterCalls // nothing else is asked for
  const sync = new LogSync(record)
  sync.run({ client, capabilities: {} as never }, 1)
  const turn = () => new Promise<void>((resolve) => void setImmediate(resolve))
  for (let count = 0; count < 10; count += 1) {
    await turn()
    logs.one.letThrough() // it waits when there is too much
  }
  await turn()
  const stopped = sync.stop()
  logs.other.letThrough()
  await expect(Promise.race([stopped.then(() => 'ended'), new Promise((resolve) => setTimeout(resolve, 2_000))])).resolves.toBe('ended')
})
