import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MachineSpec } from '#src-main/contract/machines.ts'
import { openClusterStore } from '#src-main/storage/cluster-store.ts'
import { openDataFolder } from '#src-main/storage/data-folder.ts'
import { openInventoryStore } from '#src-main/storage/inventory-store.ts'
import { newClusterId } from '#src-main/storage/new-id.ts'
import type { TestCluster } from '#test/support/cluster.ts'
import { openTestPanel, type TestPanel, until } from '#test/support/panel.ts'

export type PanelOverCluster = { readonly panel: TestPanel; readonly clusterId: string }

/** A panel that knows a cluster of this machine as `lab`, as if it had made it, and is connected to it. Each further node is one more of its machine. */
export async function openPanelOver(cluster: TestCluster): Promise<PanelOverCluster> {
  const { panel, clusterId } = await openPanelKnowing(
    { sessionFolder: cluster.tempDir, nodeId: cluster.nodes[0]?.nodeId ?? null },
    { isWatching: true },
  )
  await until('the panel is connected', async () => {
    const { link } = await panel.host.call('clusters.get', { cluster: 'lab' })
    return link.state === 'connected' ? link : undefined
  })
  return { panel, clusterId }
}

/** A panel that knows a cluster of this machine as `lab`, whose head's files lie in `sessionFolder`. */
export async function openPanelKnowing(
  head: { readonly sessionFolder: string; readonly nodeId: string | null },
  { isWatching }: { readonly isWatching: boolean },
): Promise<PanelOverCluster> {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-panel-'))
  const data = await openDataFolder(join(folder, 'data'))
  const [machine] = await (await openInventoryStore(data)).add([MachineSpec.parse({ name: 'here', via: 'local', host: '127.0.0.1' })])
  const clusterId = newClusterId()
  const members = [
    {
      ...{ machineId: machine?.id ?? '', role: 'head' as const, state: 'started' as const, payload: null, address: null },
      ...head,
    },
  ]
  await (await openClusterStore(data)).add({
    ...{
      id: clusterId,
      name: 'lab',
      engine: 'shoal',
      createdAtMs: Date.now(),
      ports: { head: 1, agent: 1, api: 0 },
      service: 'none',
      members,
    },
    ...{ link: { state: 'off', sinceMs: 0, message: null }, lease: { holder: null, isOurs: false } },
  })
  await data.close()
  return { panel: await openTestPanel({ folder, isWatching }), clusterId }
}

/** Events of a topic so far, all that are still known among them. */
export function listen<Event>(panel: TestPanel, topic: string, resume: { since?: number } = { since: 0 }) {
  const events: Event[] = []
  const gaps: unknown[] = []
  const subscription = panel.host.hub.subscribe(topic, resume, (batch) => {
    if (batch.gap) gaps.push(batch.gap)
    for (const text of batch.events) events.push(JSON.parse(text) as Event) // of the panel's own contract, to which this panel holds them
  })
  return { events, gaps, subscription }
}

/** The whole log of a job that has ended. */
export async function logOf(panel: TestPanel, job: string): Promise<string> {
  const { streamId } = await panel.host.call('logs.followJob', { cluster: 'lab', job })
  const { events, subscription } = listen<{ text: string; isEnd: boolean }>(panel, `job-log/${streamId}`)
  await until(`the log of ${job}`, () => events.at(-1)?.isEnd || undefined)
  subscription.close()
  return events.map(({ text }) => text).join('')
}
