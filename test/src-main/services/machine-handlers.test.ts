import { expect, test } from 'vitest'
import { silentLogger } from '#runtime/base/logger.ts'
import { MachineSpec } from '#src-main/contract/machines.ts'
import { topics } from '#src-main/contract/topics.ts'
import { Clusters } from '#src-main/services/clusters.ts'
import { machineHandlers } from '#src-main/services/machine-handlers.ts'
import { Machines } from '#src-main/services/machines.ts'
import { openClusterStore } from '#src-main/storage/cluster-store.ts'
import { openInventoryStore } from '#src-main/storage/inventory-store.ts'
import { newClusterId } from '#src-main/storage/new-id.ts'
import { TopicHub } from '#src-main/topics/topic-hub.ts'
import { refusalOf, temporaryDataFolder } from '../storage/support.ts'

test('a machine over which a Ray cluster is reached stays on the list, with the others that were named, until the cluster is forgotten', async () => {
  const data = await temporaryDataFolder()
  const hub = new TopicHub(topics, { logger: silentLogger, checkEvents: true })
  const machines = new Machines(await openInventoryStore(data), hub)
  const clusters = new Clusters(await openClusterStore(data), hub)
  const nothing = undefined as never // nothing is checked and nobody is connected to
  const handlers = machineHandlers({ machines, clusters, checks: nothing, connections: nothing })
  const remove = async (...names: readonly string[]) => handlers['machines.remove']({ machines: [...names] }, nothing)
  const [gate] = await machines.add(['gate', 'other'].map((name) => MachineSpec.parse({ name, host: `${name}.lab` })))
  const id = newClusterId()
  await clusters.add({
    ...{ id, name: 'team', engine: 'ray', createdAtMs: 1, ports: { head: 6_379, agent: 6_380, api: 8_265 }, service: 'none', members: [] },
    rayHead: { url: 'http://127.0.0.1:8265', via: gate?.id ?? null, trust: { kind: 'system' } },
    ...{ link: { state: 'off', sinceMs: 1, message: null }, lease: { holder: null, isOurs: false } },
  })
  expect(await refusalOf(remove('other', 'gate'))).toMatchObject({
    code: 'wrong-state',
    message: expect.stringMatching(/machine gate is the way to the Ray cluster team\. Forget it first/),
    details: { machine: 'gate', clusters: 'team' },
  })
  expect(machines.list()).toHaveLength(2)
  await remove('other')
  await clusters.remove(id)
  await remove('gate')
  expect(machines.list()).toEqual([])
})
