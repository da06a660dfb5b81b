import { toError } from '../../base/errors.ts'
import type { JobId, NodeId, WorkerId } from '../../base/ids.ts'
import type { WorkerExit } from '../../protocol/failures.ts'
import {
  type ObjectsInspect,
  type ObjectsInspected,
  ReferencesListed,
  type WorkerEnded,
  type WorkerFacts,
  type WorkersInspected,
} from '../../protocol/inspect.ts'
import type * as z from 'zod'
import type { AgentState } from '../core/state.ts'
import type { LocalClient, LocalClients } from '../local-clients.ts'
import type { WorkerPool } from '../worker-pool.ts'

export type NodeInspectorIo = {
  readonly nodeId: NodeId
  readonly pool: WorkerPool
  readonly core: { readonly state: AgentState }
  readonly clients: () => LocalClients
  /** Asks the head; waits while it is away. */
  readonly request: (message: object) => Promise<unknown>
}

const noExit: WorkerExit = { exitCode: null, signal: null, pid: 0, reason: null, lastLines: [] }

/** What the head may ask about the processes of this node, and what it is told when one ends. */
export class NodeInspector {
  readonly #io: NodeInspectorIo
  readonly #startedAtMs = new Map<WorkerId, number>()
  readonly handlers = {
    'inspect.objects': (ask: z.infer<typeof ObjectsInspect>) => this.#objects(ask),
    'inspect.workers': () => this.#workers(),
  } as const

  constructor(io: NodeInspectorIo) {
    this.#io = io
  }

  noteStart(workerId: WorkerId): void {
    this.#startedAtMs.set(workerId, Date.now())
  }

  /** Call before the core forgets the worker. */
  noteWorkerExit(workerId: WorkerId, exit: WorkerExit): void {
    const facts = this.#workerFacts(workerId, exit.pid)
    this.#startedAtMs.delete(workerId)
    this.#tell(facts, exit)
  }

  noteDriverGone(client: LocalClient): void {
    this.#tell(this.#driverFacts(client, this.#io.core.state.drivers.get(client.workerId) ?? null), noExit)
  }

  #tell(worker: WorkerFacts, exit: WorkerExit): void {
    const ended: z.infer<typeof WorkerEnded> = { type: 'worker.ended', worker, exit, endedAtMs: Date.now() }
    this.#io.request(ended).catch(() => {}) // the head learns of the end of the whole node, or of the agent, another way
  }

  #workers(): z.infer<typeof WorkersInspected> {
    const { pool, core, clients } = this.#io
    const workers = pool.list().map(({ workerId, pid }) => this.#workerFacts(workerId, pid))
    for (const [workerId, jobId] of core.state.drivers) {
      const client = clients().find(workerId)
      if (client) workers.push(this.#driverFacts(client, jobId))
    }
    return { workers: workers.slice(0, 100_000) }
  }

  #workerFacts(workerId: WorkerId, pid: number): WorkerFacts {
    const worker = this.#io.core.state.workers.get(workerId)
    const startedAtMs = this.#startedAtMs.get(workerId) ?? 0
    const client = this.#io.clients().find(workerId)
    return {
      workerId,
      kind: 'WORKER',
      pid,
      startedAtMs,
      readyAtMs: client?.readyAtMs ?? 0,
      phase: worker?.phase.kind ?? 'ending',
      jobId: worker?.jobId ?? null,
      actorId: worker?.phase.kind === 'actor' ? worker.phase.actorId : null,
    }
  }

  #driverFacts({ workerId, pid, readyAtMs }: LocalClient, jobId: JobId | null): WorkerFacts {
    return { workerId, kind: 'DRIVER', pid, startedAtMs: readyAtMs, readyAtMs, phase: 'driver', jobId, actorId: null }
  }

  /** Asks every process at once; one that does not answer in time stands there with the reason, and nothing else waits for it. */
  async #objects({ limit, timeoutMs }: z.infer<typeof ObjectsInspect>): Promise<z.infer<typeof ObjectsInspected>> {
    const clients = [...this.#io.clients().list()]
    const holders = await Promise.all(
      clients.map(async ({ workerId, role, pid, link }) => {
        const holder = { workerId, kind: role === 'driver' ? ('DRIVER' as const) : ('WORKER' as const), pid }
        try {
          const listed = await link.request({ type: 'references.list', limit }, { reply: ReferencesListed, timeoutMs })
          return { ...holder, ...listed, failure: '' }
        } catch (thrown) {
          return { ...holder, rows: [], total: 0, failure: toError(thrown).message.slice(0, 1_024) }
        }
      }),
    )
    return { holders }
  }
}
