import { setTimeout as delay } from 'node:timers/promises'
import { ClusterError } from '../../runtime/base/errors.ts'
import type { Logger } from '../../runtime/base/logger.ts'
import { OperationInput } from '../bootstrap/operation-input.ts'
import type { PayloadArchives } from '../bootstrap/payload-archive.ts'
import type { WheelsArchives } from '../bootstrap/ray/wheels.ts'
import { resumeOperation, type RunIo, type RunningOperation, startOperation } from '../bootstrap/run-operation.ts'
import { failureOf, type MemberNews } from '../bootstrap/steps/step-context.ts'
import type { HeldLease } from '../cluster/lease.ts'
import type { Operation } from '../contract/operations.ts'
import type { HostConnection } from '../ssh/host-connection.ts'
import type { OperationStore } from '../storage/operation-store.ts'
import type { ClusterLeases } from './cluster-leases.ts'
import type { ClusterPlans } from './cluster-plans.ts'
import type { Clusters } from './clusters.ts'
import type { PanelHub } from './panel-hub.ts'

export type OperationsIo = {
  readonly store: OperationStore
  readonly clusters: Clusters
  readonly leases: ClusterLeases
  readonly plans: ClusterPlans
  readonly payloads: PayloadArchives
  readonly wheels: WheelsArchives
  readonly hub: PanelHub
  readonly connect: (machineId: string) => Promise<HostConnection>
  /** Writes down what an operation found out of a member. */
  readonly memberChanged: (clusterId: string, machineId: string, news: MemberNews) => Promise<void>
  /** Resolves with the number of jobs. */
  readonly submitSamples: (clusterId: string, order: { signal: AbortSignal; say(text: string): void }) => Promise<number>
  /** After an operation has ended, however. */
  readonly onEnded: (operation: Operation) => void
  readonly nowMs: () => number
  readonly randomHex: (digits: number) => string
  readonly logger: Logger
}

type Running = {
  readonly run: RunningOperation
  readonly input: OperationInput
  readonly lease: HeldLease | undefined
  /** From then on no change of it is told or written down. */
  readonly stop: () => void
  /** Resolves when it has let go of everything, some time after its last step ended. */
  readonly finished: Promise<void>
}

/** Whoever looks sees it move; each event of a large operation is some hundred kilobytes. */
const tellEveryMs = 200
const saveEveryMs = 1_000
const settleMs = 100

/** Runs long work on machines, one operation at a time for each cluster; what runs is written down and can be continued after a restart. */
export class Operations {
  readonly #io: OperationsIo
  readonly #running = new Map<string, Running>()
  /** Clusters that are about to be changed. */
  readonly #claimed = new Set<string>()
  #isClosed = false

  constructor(io: OperationsIo) {
    this.#io = io
    io.hub.provide('operations', { snapshot: () => [...this.#running.values()].map((running) => eventOf(seenOf(running))) })
  }

  /** The newest first, without their steps' commands and logs. */
  async list(): Promise<Operation[]> {
    const stored = await Promise.all(this.#io.store.list().map(({ id }) => this.get(id)))
    return stored.map(lean)
  }

  /** Whole. @throws ClusterError `not-found` */
  async get(id: string): Promise<Operation> {
    const running = this.#running.get(id)
    return running ? seenOf(running) : this.#io.store.get(id)
  }

  /**
   * `prepare` is done when nothing stands in the way any more, before anything is done on a machine.
   * @throws ClusterError `wrong-state` while another operation changes the cluster, `lease.held`, `link.closed` when the panel ends
   */
  async start(input: OperationInput, prepare?: () => Promise<unknown>): Promise<string> {
    const id = `op-${this.#io.randomHex(16)}`
    await this.#claim(input, async (lease) => {
      await prepare?.()
      await this.#io.store.saveJournal(id, JSON.stringify(input))
      this.#refuseClosed()
      const run = startOperation(input, this.#runIo(input), { id })
      this.#adopt(run, input, lease)
      await this.#save(run.snapshot()) // a panel that is killed the next moment finds it again
    })
    return id
  }

  cancel(id: string, machineId?: string): void {
    const running = this.#running.get(id)
    if (!running) throw new ClusterError('wrong-state', `operation ${id} does not run`)
    running.run.cancel(machineId)
  }

  /** Goes on with what failed, was cancelled, or was interrupted. @throws ClusterError `wrong-state` when there is nothing to go on with */
  async retry(id: string, machineId?: string): Promise<void> {
    const running = this.#running.get(id)
    if (running?.run.snapshot().state === 'running') return running.run.retry(machineId)
    await running?.finished
    const operation = await this.#io.store.get(id)
    const journal = await this.#io.store.readJournal(id)
    if (operation.state === 'done') throw new ClusterError('wrong-state', `operation ${id} is done: there is nothing to try again`)
    if (journal === undefined) throw new ClusterError('wrong-state', `what operation ${id} was made of is not kept any more; begin it anew`)
    const input = OperationInput.parse(JSON.parse(journal))
    await this.#claim(input, async (lease) => {
      this.#refuseClosed()
      const run = resumeOperation({ input, operation }, this.#runIo(input))
      run.retry(machineId)
      this.#adopt(run, input, lease)
    })
  }

  isBusy(clusterId: string): boolean {
    return this.#claimed.has(clusterId) || [...this.#running.values()].some(({ input }) => input.clusterId === clusterId)
  }

  /** Leaves what runs as it is on the machines, and writes it down as interrupted: that its connections end with us is not its own end. */
  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all(
      [...this.#running.values()].map(async ({ run, lease, stop }) => {
        stop()
        const operation = seenOf({ run, lease })
        const isRunning = operation.state === 'running'
        await this.#save(isRunning ? { ...operation, state: 'interrupted', endedAtMs: this.#io.nowMs() } : operation)
        await lease?.release()
      }),
    )
  }

  /** Resolves when nothing changes that cluster any more. */
  async settled(clusterId: string): Promise<void> {
    while (this.isBusy(clusterId)) await delay(settleMs)
  }

  /** `begin` has the cluster for itself, and makes it an operation that runs. */
  async #claim(input: OperationInput, begin: (lease: HeldLease | undefined) => Promise<void>): Promise<void> {
    const { clusterId } = input
    const closing = [...this.#running.values()].filter(
      ({ input: other, run }) => other.clusterId === clusterId && run.snapshot().state !== 'running',
    )
    await Promise.all(closing.map(({ finished }) => finished))
    if (this.isBusy(clusterId)) {
      throw new ClusterError('wrong-state', 'another operation changes this cluster now; wait until it has ended, or cancel it')
    }
    this.#claimed.add(clusterId)
    let lease: HeldLease | undefined
    try {
      lease = await this.#leaseFor(input)
      await begin(lease)
    } catch (error) {
      await lease?.release()
      throw error
    } finally {
      this.#claimed.delete(clusterId)
    }
  }

  #refuseClosed(): void {
    if (this.#isClosed) throw new ClusterError('link.closed', 'this panel is ending; start the operation when it runs again')
  }

  async #leaseFor({ clusterId, kind }: OperationInput): Promise<HeldLease | undefined> {
    const cluster = this.#io.clusters.get(clusterId)
    if (kind === 'create') return undefined
    if (kind !== 'down') return this.#io.leases.hold(cluster)
    await this.#io.leases.holdForDown(cluster).catch((error: unknown) => {
      if (error instanceof ClusterError && error.code === 'lease.held') throw error
      // a head's machine that cannot be reached holds no lease that anybody could see
    })
    return undefined
  }

  #runIo(input: OperationInput): RunIo {
    const { plans, payloads, wheels, connect, nowMs, randomHex } = this.#io
    return {
      connect,
      payloadFor: (arch) => payloads.get(arch),
      wheelsFor: (wanted) => wheels.get(wanted),
      probe: (machineId) => {
        const role = input.machines.find((each) => each.machineId === machineId)?.role ?? 'worker'
        return plans.lookAgain(machineId, { role, cluster: input })
      },
      submitSamples: (order) => this.#io.submitSamples(input.clusterId, order),
      memberChanged: (machineId, news) => this.#io.memberChanged(input.clusterId, machineId, news),
      nowMs,
      randomHex: (bytes) => randomHex(bytes * 2),
    }
  }

  #adopt(run: RunningOperation, input: OperationInput, lease: HeldLease | undefined): void {
    if (lease?.lost.aborted) run.cancel()
    lease?.lost.addEventListener('abort', () => run.cancel(), { once: true })
    const tell = paced(tellEveryMs, () => this.#io.hub.publish('operations', eventOf(seenOf({ run, lease }))))
    const save = paced(saveEveryMs, () => void this.#save(seenOf({ run, lease })))
    tell.soon()
    save.soon()
    const ignore = run.onChange(() => {
      tell.soon()
      save.soon()
    })
    const stop = () => (ignore(), tell.stop(), save.stop())
    const finished = this.#finish(run, { lease, stop })
    this.#running.set(run.id, { run, input, lease, stop, finished })
  }

  async #finish(run: RunningOperation, { lease, stop }: { lease: HeldLease | undefined; stop: () => void }): Promise<void> {
    await this.#ended(run)
    if (this.#isClosed) return void this.#running.delete(run.id) // `close` wrote down how far it came
    stop()
    const operation = seenOf({ run, lease })
    await lease?.release()
    await this.#save(operation)
    this.#running.delete(run.id)
    this.#io.hub.publish('operations', eventOf(operation))
    this.#io.onEnded(operation)
  }

  /** A retry while it was being closed begins another life of the same run. */
  async #ended(run: RunningOperation): Promise<void> {
    do await run.done
    while (run.snapshot().state === 'running')
  }

  async #save(operation: Operation): Promise<void> {
    try {
      await this.#io.store.save(operation)
    } catch (error) {
      this.#io.logger.error('operation.not-saved', { operationId: operation.id, reason: String(error) })
    }
  }
}

/** One that was cancelled as the right to change the cluster was lost says so. */
function seenOf({ run, lease }: Pick<Running, 'run' | 'lease'>): Operation {
  const operation = run.snapshot()
  const isOver = operation.state !== 'running' && operation.state !== 'done'
  return isOver && lease?.lost.aborted === true ? { ...operation, failure: failureOf(lease.lost.reason) } : operation
}

/** Steps come without their commands and logs, which `operations.get` has: they are most of it, and few are looked at. */
const lean = (operation: Operation): Operation => ({
  ...operation,
  machines: operation.machines.map((machine) => ({
    ...machine,
    steps: machine.steps.map((step) => ({ ...step, command: null, log: '' })),
  })),
})

const eventOf = (operation: Operation) => ({ id: operation.id, value: lean(operation) })

/** Calls once for all that came within some time. */
function paced(everyMs: number, work: () => void): { soon(): void; stop(): void } {
  let timer: NodeJS.Timeout | undefined
  return {
    soon() {
      timer ??= setTimeout(() => {
        timer = undefined
        work()
      }, everyMs)
    },
    stop: () => clearTimeout(timer),
  }
}
