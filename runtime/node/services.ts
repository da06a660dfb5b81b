import type { Logger } from '../base/logger.ts'
import type { SessionLayout } from '../session/layout.ts'
import type { StoreServer } from '../store/store-server.ts'
import type { HeadTarget } from './addresses.ts'
import type { AgentSettings } from './agent-options.ts'
import { operatorOrders } from './operator-orders.ts'
import type { AgentState } from './core/state.ts'
import type { UntimedEvent } from './core-driver.ts'
import type { HeadRequestHandlers } from './head-requests.ts'
import { createSupervisor } from './jobs/create-supervisor.ts'
import { withChildren } from './jobs/job-processes.ts'
import type { JobSupervisor } from './jobs/job-supervisor.ts'
import type { LocalClients } from './local-clients.ts'
import { EventForwarder } from './inspect/event-forwarder.ts'
import { NodeInspector } from './inspect/node-inspector.ts'
import { NodeLogs } from './logs/node-logs.ts'
import { AgentMetrics } from './metrics/agent-metrics.ts'
import type { ObjectOwners } from './object-owners.ts'
import type { WorkerPool } from './worker-pool.ts'

/** What a service of a node is made from. */
export type NodeServiceParts = {
  readonly nodeId: string
  readonly layout: SessionLayout
  readonly logger: Logger
  readonly isHead: boolean
  readonly settings: AgentSettings
  readonly pool: WorkerPool
  readonly store: StoreServer
  readonly core: { readonly state: AgentState; raise(event: UntimedEvent): void }
  readonly head: HeadTarget
  /** Whose the objects of the store are. */
  readonly owners: ObjectOwners
  /** Made after the services. */
  readonly clients: () => LocalClients
  /** One-way to the head; dropped while it is away. */
  readonly send: (message: object) => void
  /** Asks the head; waits while it is away. */
  readonly request: (message: object) => Promise<unknown>
}

/** What a node runs beside its core, for the head's HTTP API. */
export type NodeServices = {
  /** Answers to what the head asks. */
  readonly handlers: HeadRequestHandlers
  readonly logs: NodeLogs
  /** Ends nothing on `close`: call `endAll`. */
  readonly jobs: JobSupervisor
  readonly metrics: AgentMetrics
  readonly inspector: NodeInspector
  readonly events: EventForwarder
  /** Call once the head has taken the node. */
  readonly start: () => void
  readonly close: () => void
}

/** Each service is a line here, and one in each part of what is returned. */
export function openNodeServices(parts: NodeServiceParts): NodeServices {
  const { nodeId, layout, logger, pool, request } = parts
  const logs = new NodeLogs({ nodeId, logDir: layout.logDir, logger, request })
  logs.addLive(() => pool.logNames())
  const jobs = createSupervisor(parts)
  logs.addLive(() => jobs.logNames())
  const metrics = new AgentMetrics({
    ...parts,
    everyMs: parts.settings.metricsEveryMs,
    jobPids: () => withChildren(jobs.list().map(({ pid }) => pid)),
  })
  const inspector = new NodeInspector(parts)
  return {
    logs,
    jobs,
    metrics,
    inspector,
    events: new EventForwarder(parts),
    handlers: { ...logs.handlers, ...inspector.handlers, ...operatorOrders(parts) },
    start: () => {
      logs.start()
      metrics.start()
    },
    close: () => {
      logs.close()
      metrics.stop()
    },
  }
}
