import { expect, onTestFinished, test } from 'vitest'
import { openPanelOver } from '#test/src-main/services/panel-over-cluster.ts'
import { startCluster } from '#test/support/cluster.ts'
import { until } from '#test/support/panel.ts'

/** Who saved a log in the seconds of a broken link got what was recorded until then, as if that were all. */
test('a log that is read while the head is away for a moment is read from the head when it is back', async () => {
  const cluster = await startCluster({ nodes: [{ cpus: 1 }], api: true })
  onTestFinished(() => cluster.stop())
  const { panel } = await openPanelOver(cluster)
  onTestFinished(() => panel.dispose())
  await cluster.killHead()
  await until('the head is missed', async () => {
    const { link } = await panel.host.call('clusters.get', { cluster: 'lab' })
    return link.state === 'reconnecting' || undefined
  })
  const nodeId = cluster.nodes[0]?.nodeId ?? ''
  const read = () => panel.host.call('logs.readChunk', { cluster: 'lab', nodeId, file: 'head.log' }) // no record has that one
  const reading = read()
  reading.catch(() => {}) // looked at below
  await cluster.restartHead()
  const isComing = (error: unknown) => error instanceof Error && error.message.includes('on its way back') // the node, after its head
  const look = (asked: ReturnType<typeof read>) => asked.catch((error: unknown) => (isComing(error) ? undefined : Promise.reject(error)))
  const { data } = (await look(reading)) ?? (await until('the node is back', () => look(read())))
  expect(Buffer.from(data, 'base64').toString()).toContain('"head')
})
