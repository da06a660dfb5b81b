import { randomBytes } from 'node:crypto'
import type { Logger } from '../../runtime/base/logger.ts'
import { openPayloadArchives } from '../bootstrap/payload-archive.ts'
import { openWheelsArchives } from '../bootstrap/ray/wheels.ts'
import { History } from '../cluster/history/history.ts'
import { KnownHosts } from '../ssh/known-hosts.ts'
import { openClusterStore } from '../storage/cluster-store.ts'
import type { DataFolder } from '../storage/data-folder.ts'
import { openInventoryStore } from '../storage/inventory-store.ts'
import { openOperationStore } from '../storage/operation-store.ts'
import { openSecrets } from '../storage/secrets.ts'
import { openSettingsStore } from '../storage/settings-store.ts'
import { accessHandlers } from './access-handlers.ts'
import { clusterHandlers } from './cluster-handlers.ts'
import { ClusterLeases } from './cluster-leases.ts'
import { ClusterLinks } from './cluster-links.ts'
import { ClusterPlans } from './cluster-plans.ts'
import { Clusters } from './clusters.ts'
import { createWork } from './create-work.ts'
import { LocalCluster } from './local-cluster.ts'
import { createKeptSecrets } from './kept-secrets.ts'
import { MachineChecks } from './machine-checks.ts'
import { MachineConnections } from './machine-connections.ts'
import { machineHandlers } from './machine-handlers.ts'
import { Machines } from './machines.ts'
import { recordMemberNews } from './member-news.ts'
import { Operations } from './operations.ts'
import type { PanelHub } from './panel-hub.ts'
import { RayClusters } from './ray-clusters.ts'
import { QuestionDesk } from './question-desk.ts'
import { Samples } from './samples.ts'
import { watchHandlers } from './watch-handlers.ts'

export type ServicesOptions = {
  readonly data: DataFolder
  readonly hub: PanelHub
  /** Where the archives for machines lie. */
  readonly payloadFolder: string
  /** Where the programs of the sample jobs lie. */
  readonly samplesFolder: string
  readonly version: string
  readonly logger: Logger
  /** Keeps clusters connected and brings lost machines back; a single command does neither. */
  readonly isWatching: boolean
}

const dayMs = 86_400_000
const nowMs = () => Date.now()
const randomHex = (digits: number) =>
  randomBytes(Math.ceil(digits / 2))
    .toString('hex')
    .slice(0, digits)

/** Everything that the contract's calls do, over one data folder. */
export async function createServices({ data, hub, payloadFolder, samplesFolder, version, logger, isWatching }: ServicesOptions) {
  const settings = await openSettingsStore(data)
  const { panelId, panelName, parallelMachines: atOnce, history: limits } = settings.settings
  const [inventory, clusterStore, operationStore, secrets] = [
    await openInventoryStore(data),
    await openClusterStore(data),
    await openOperationStore(data),
    await openSecrets(data, settings),
  ]
  const machines = new Machines(inventory, hub)
  const clusters = new Clusters(clusterStore, hub)
  const keptSecrets = createKeptSecrets(secrets)
  const desk = new QuestionDesk({
    nowMs,
    randomHex,
    secrets: keptSecrets,
    machineIdOf: ({ name }) => machines.find(name)?.id ?? null,
    publish: (change) => hub.publish('questions', change),
  })
  hub.provide('questions', { snapshot: () => desk.list().map((value) => ({ id: value.id, value })) })
  const knownHosts = new KnownHosts({ ownFile: data.file('known_hosts') })
  const connections = new MachineConnections({ machines, knownHosts, questions: desk.questions(), nowMs, logger, isWatching })
  const connect = (machineId: string, signal?: AbortSignal) => connections.connect(machineId, signal)
  const checks = new MachineChecks({ machines, connect, clusterOf: (id) => clusters.find(id), nowMs, atOnce })
  const payloads = openPayloadArchives(payloadFolder)
  const wheels = await openWheelsArchives(data.file('wheels'))
  const plans = new ClusterPlans({ machines, checks, payloads, wheels, connect })
  const leases = new ClusterLeases({ clusters, connect, holderId: panelId, holderLabel: panelName })
  const history = new History({
    folder: await data.folder('history'),
    logger,
    limits: { maxBytes: limits.maxBytes, maxAgeMs: limits.maxAgeDays * dayMs },
  })
  const links = new ClusterLinks({ clusters, history, hub, connect, rayToken: (...asked) => desk.rayToken(...asked), logger })
  const keepConnected = (clusterId: string) => (isWatching ? links.keep(clusterId) : links.disconnect(clusterId))
  const samples = new Samples({ links, folder: samplesFolder, randomHex })
  const operations = new Operations({
    ...{ store: operationStore, clusters, leases, plans, payloads, wheels, hub, connect, nowMs, randomHex, logger },
    memberChanged: (clusterId, machineId, news) => recordMemberNews({ clusters, machines }, { clusterId, machineId, news }),
    submitSamples: async (clusterId, order) => (await samples.submit(clusterId, order)).length,
    onEnded: ({ clusterId }) => void (clusterId !== null && keepConnected(clusterId).catch(() => {})), // the link says what is wrong
  })
  const localCluster = new LocalCluster({ machines, clusters, plans, operations, links, nowMs })
  const rayClusters = new RayClusters({ machines, clusters, links, connect, secrets: keptSecrets, nowMs })
  const work = await createWork({ machines, clusters, links, hub, folder: data.file('uploads'), connect, nowMs, randomHex })
  if (isWatching) for (const { id } of clusters.list()) void keepConnected(id).catch(() => {}) // the same
  const startedAtMs = nowMs()
  return {
    /** Of files that could not be read. */
    warnings: [settings, inventory, clusterStore, operationStore, secrets].flatMap((store) => store.warnings),
    handlers: {
      'panel.info': () => ({ version, holder: panelName, dataFolder: data.path, startedAtMs }),
      ...machineHandlers({ machines, clusters, checks, connections }),
      ...accessHandlers({ knownHosts, desk, secrets }),
      ...clusterHandlers({ machines, clusters, plans, operations, links, leases, localCluster, samples, rayClusters, nowMs }),
      ...watchHandlers({ machines, clusters, operations, links }),
      ...work.handlers,
    },
    async close() {
      await work.close()
      desk.close()
      await operations.close()
      await links.close()
      connections.close()
      await history.close()
    },
  }
}
