import type { ActorId, ObjectId, TaskId } from '../../base/ids.ts'
import type { Logger } from '../../base/logger.ts'
import type { ProcessAddress } from '../../protocol/addresses.ts'
import type { Failure } from '../../protocol/failures.ts'
import type { TaskResult } from '../../protocol/tasks.ts'
import {
  type AgentMessage,
  type AgentTarget,
  createOwnerState,
  type OwnedTask,
  type OwnerCommand,
  type OwnerConfig,
  type OwnerEvent,
  type OwnerState,
  ownerDefaults,
  type StoredArgument,
  type TaskEnd,
} from '../owner/core/state.ts'
import { step } from '../owner/core/step.ts'
import { failureFrom } from './failures.ts'
import { fewArguments, surplusArguments } from './message-size.ts'
import type { FromWorker, Peer, Peers } from './peers.ts'
import type { PendingTask } from './pending-task.ts'
import type { References } from './references.ts'
import type { RefFailure, RefState } from './ref-state.ts'
import { TaskResults } from './task-results.ts'
import { TaskSender } from './task-sender.ts'
import type { UnseenFailures } from './unseen-failures.ts'

export type OwnerShellIo = {
  readonly config: Partial<OwnerConfig> & Pick<OwnerConfig, 'ownerId'>
  readonly self: () => ProcessAddress
  readonly peers: Peers
  readonly references: References
  readonly logger: Logger
  readonly sendAgent: (agent: AgentTarget, message: AgentMessage) => void
  /** The actor behind a queue of calls, which may have been asked for under another id. */
  readonly actorIdOf: (queueId: ActorId) => ActorId
  readonly watchActor: (actorId: ActorId) => void
  readonly watchGroup: (groupId: string) => void
  readonly warn: (message: string) => void
  /** The bytes of a function that is small enough to go with its template. */
  readonly codeOf: (functionId: string) => Uint8Array | null
  readonly nowMs: () => number
  readonly unseen: UnseenFailures
  /** A task ended, and not well: for the lists. */
  readonly onFailed?: (task: OwnedTask, end: TaskEnd, failure: RefFailure | null | undefined) => void
  /** Moves the value of an object of ours from this process into the node's store. */
  readonly storeInline: (state: RefState) => Promise<void>
}

/** Submissions that gather before they are sent, so that workers start while a long loop still submits. */
const gatherLimit = 256
const tickEveryMs = 100

/** Performs what the owner's core decides: messages to agents and workers, results into refs. */
export class OwnerShell {
  readonly #io: OwnerShellIo
  readonly state: OwnerState
  readonly #results: TaskResults
  readonly #sender: TaskSender
  readonly #pending = new Map<TaskId, PendingTask>()
  /** Lease of each peer that runs plain tasks for us, by worker. */
  readonly #leaseOf = new Map<string, string>()
  /** Queues of calls to each peer that is an actor, by worker, with the life that it is. Several when it was also found by its name. */
  readonly #actorsOf = new Map<string, Map<ActorId, number>>()
  #gathered = 0
  #gates = 0
  #flushQueued = false
  readonly #timer: NodeJS.Timeout

  constructor(io: OwnerShellIo) {
    this.#io = io
    this.#results = new TaskResults(io)
    this.#sender = new TaskSender({
      ...{ peers: io.peers, self: io.self, nowMs: io.nowMs, codeOf: io.codeOf, actorIdOf: io.actorIdOf },
      pendingTask: (taskId) => this.#pending.get(taskId),
      onUnsent: (task, failure) => this.#notSent(task, failure),
    })
    this.state = createOwnerState({ ...ownerDefaults, ...io.config })
    this.#timer = setInterval(() => this.raise({ type: 'tick', nowMs: io.nowMs() }), tickEveryMs).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** It runs when its arguments are there and `toBeKnown` has settled, and a call in its turn. */
  submit(pending: PendingTask, toBeKnown?: Promise<unknown>): void {
    this.#pending.set(pending.task.taskId, pending)
    const unready = this.#unready(pending)
    if (unready === null) return this.#endWith(pending, this.#failedArgument(pending))
    if (toBeKnown) unready.push(this.#gate(toBeKnown))
    if (pending.refArgs.length > fewArguments) unready.push(this.#gate(this.#storeSurplus(pending.refArgs)))
    this.raise({ type: 'task.submit', task: pending.task, unready, stored: storedAmong(pending.refArgs), nowMs: this.#io.nowMs() })
    this.#gathered += 1
    if (this.#gathered >= gatherLimit) this.#flush()
    else this.flushSoon()
  }

  /** Runs a finished task again because its stored result is lost. */
  resubmit(pending: PendingTask): void {
    this.#pending.set(pending.task.taskId, pending)
    const unready = this.#unready(pending)
    if (unready === null) return this.#endWith(pending, this.#failedArgument(pending))
    this.raise({ type: 'task.resubmit', task: pending.task, unready, nowMs: this.#io.nowMs() })
    this.flushSoon()
  }

  /** A task that could not even be submitted. */
  fail(pending: PendingTask, error: unknown): void {
    this.#endWith(pending, { kind: 'failed', failure: failureFrom(error) })
  }

  /** The consumer of a stream took items: its worker may produce more. */
  tellConsumed(task: OwnedTask, count: number): void {
    const status = task.call ? this.state.actors.get(task.call.actorId)?.status : undefined
    const worker = status?.kind === 'alive' ? status.address : this.state.leases.get(task.leaseId ?? '')?.worker
    if (worker) this.#io.peers.find(worker.workerId)?.send({ type: 'task.consumed', taskId: task.taskId, count })
  }

  pendingTask(taskId: TaskId): PendingTask | undefined {
    return this.#pending.get(taskId)
  }

  pendingTasks(): Iterable<PendingTask> {
    return this.#pending.values()
  }

  raise(event: OwnerEvent): void {
    for (const command of step(this.state, event)) this.#perform(command)
  }

  flushSoon(): void {
    if (this.#flushQueued) return
    this.#flushQueued = true
    queueMicrotask(() => this.#flush())
  }

  #flush(): void {
    this.#flushQueued = false
    this.#gathered = 0
    this.raise({ type: 'flush', nowMs: this.#io.nowMs() })
  }

  /** Objects among the arguments that are not there yet; null when one has failed already. */
  #unready(pending: PendingTask): ObjectId[] | null {
    const unready: ObjectId[] = []
    for (const state of pending.refArgs) {
      if (state.status === 'failed' || state.status === 'freed') return null
      if (state.status === 'ready') continue
      unready.push(state.objectId)
      this.#tellWhenSettled(state)
    }
    return unready
  }

  /** Many small arguments together are too much for a message: some go to the store first. */
  async #storeSurplus(states: readonly RefState[]): Promise<void> {
    await Promise.all(states.map((state) => new Promise<void>((resolve) => state.whenSettled(resolve))))
    await Promise.all(surplusArguments(states).map((state) => this.#io.storeInline(state)))
  }

  /** A promise as the core knows such things: an object that is not there yet. */
  #gate(opens: Promise<unknown>): ObjectId {
    this.#gates += 1
    const objectId = `gate ${this.#gates}`
    const open = () => {
      this.raise({ type: 'object.ready', objectId, nowMs: this.#io.nowMs() })
      this.flushSoon()
    }
    opens.then(open, open)
    return objectId
  }

  #tellWhenSettled(state: RefState): void {
    if (this.state.dependents.has(state.objectId)) return // asked already
    state.whenSettled(() => {
      const { objectId } = state
      const nowMs = this.#io.nowMs()
      const [stored] = storedAmong([state])
      if (state.status !== 'ready') this.raise({ type: 'object.failed', objectId, nowMs })
      else this.raise({ type: 'object.ready', objectId, ...(stored ? { stored } : {}), nowMs })
      this.flushSoon()
    })
  }

  #failedArgument(pending: PendingTask): TaskEnd {
    const failed = pending.refArgs.find((state) => state.status === 'failed' || state.status === 'freed')
    return { kind: 'as-object', objectId: failed?.objectId ?? '' }
  }

  onPeerMessage(peer: Peer, message: FromWorker): void {
    const nowMs = this.#io.nowMs()
    switch (message.type) {
      case 'tasks.ended':
        for (const { taskId, attempt, outcome, borrowed, runMs } of message.tasks) {
          if (borrowed.length > 0) this.#io.references.lend(borrowed, peer.address.workerId)
          this.raise({ type: 'task.ended', taskId, attempt, outcome, runMs, nowMs })
          if (outcome.kind === 'done') this.#holdNested(peer, taskId, outcome.results)
        }
        return this.#flush()
      case 'task.yielded':
        this.#fillLost(message)
        this.raise({
          type: 'task.yielded',
          taskId: message.taskId,
          attempt: message.attempt,
          index: message.index,
          result: message.result,
          nowMs,
        })
        return this.flushSoon()
      case 'tasks.returned': {
        const leaseId = this.#leaseOf.get(peer.address.workerId)
        if (leaseId !== undefined)
          this.raise({ type: 'tasks.returned', leaseId, taskIds: message.taskIds, leaving: message.leaving, nowMs })
      }
    }
  }

  onPeerClosed(peer: Peer): void {
    const { workerId } = peer.address
    const nowMs = this.#io.nowMs()
    const leaseId = this.#leaseOf.get(workerId)
    if (leaseId !== undefined) this.raise({ type: 'worker.link-closed', leaseId, nowMs })
    const actors = this.#actorsOf.get(workerId)
    if (!actors) return
    this.#actorsOf.delete(workerId)
    for (const [actorId, restarts] of actors) this.raise({ type: 'actor.link-closed', actorId, restarts, nowMs })
  }

  /** Borrows what is inside results before the worker that made them lets it go. */
  #holdNested(peer: Peer, taskId: TaskId, results: readonly TaskResult[]): void {
    if (results.every((result) => result.nested.length === 0)) return
    const states = results.flatMap((result) => result.nested.map((ref) => this.#io.references.borrowed(ref)))
    void this.#io.references.announce(states).then(() => peer.send({ type: 'results.held', taskIds: [taskId] }))
  }

  #perform(command: OwnerCommand): void {
    switch (command.do) {
      case 'send-agent':
        return this.#io.sendAgent(command.agent, command.message)
      case 'push':
        command.lease.opened = true
        this.#leaseOf.set(command.lease.worker.workerId, command.lease.leaseId)
        return this.#sender.push(command)
      case 'call':
        this.#noteActor(command)
        return this.#sender.call(command)
      case 'cancel':
        return this.#io.peers
          .find(command.worker.workerId)
          ?.send({ type: 'task.cancel', taskId: command.taskId, recursive: command.recursive })
      case 'close-worker':
        if (this.#leaseOf.get(command.lease.worker.workerId) === command.lease.leaseId) this.#leaseOf.delete(command.lease.worker.workerId)
        if (command.lease.lost) this.#io.peers.find(command.lease.worker.workerId)?.close()
        return
      case 'end':
        return this.#end(command.task, command.end)
      case 'yield':
        return this.#yield(command.task, command.index, command.result)
      case 'recover':
        return this.#recover(command.task, command.objectId)
      case 'warn':
        return this.#io.warn(command.message)
      case 'watch-actor':
        return this.#io.watchActor(command.actorId)
      case 'watch-group':
        return this.#io.watchGroup(command.groupId)
    }
  }

  #noteActor({ actorId, address, restarts }: Extract<OwnerCommand, { do: 'call' }>): void {
    const actors = this.#actorsOf.get(address.workerId) ?? new Map<ActorId, number>()
    this.#actorsOf.set(address.workerId, actors.set(actorId, restarts))
  }

  /** As if its worker had said so. */
  #notSent({ taskId, attempt }: Pick<OwnedTask, 'taskId' | 'attempt'>, failure: Failure): void {
    const nowMs = this.#io.nowMs()
    this.raise({ type: 'task.ended', taskId, attempt, outcome: { kind: 'failed', failure }, runMs: 0, nowMs })
    this.flushSoon()
  }

  #end(task: OwnedTask, end: TaskEnd): void {
    const pending = this.#pending.get(task.taskId)
    if (pending) this.#endWith(pending, end)
  }

  #endWith(pending: PendingTask, end: TaskEnd): void {
    this.#pending.delete(pending.task.taskId)
    pending.onEnd?.()
    this.#results.end(pending, end)
  }

  #yield(task: OwnedTask, index: number, result: TaskResult): void {
    const pending = this.#pending.get(task.taskId)
    if (pending) this.#results.yielded(pending, index, result)
  }

  /** An item that the consumer had and that was lost: a run again has made it anew. */
  #fillLost({ taskId, attempt, index, result }: Extract<FromWorker, { type: 'task.yielded' }>): void {
    const pending = this.#pending.get(taskId)
    if (pending?.task.attempt !== attempt) return
    this.#results.fillLost(pending, index, result)
    if (pending.task.streamEnd !== 'cut' || pending.stream?.hasLost) return
    // Its consumer left it before its end, which may never come.
    this.raise({ type: 'task.cancel', taskId, force: false, recursive: true, nowMs: this.#io.nowMs() })
  }

  #recover(task: OwnedTask, objectId: ObjectId): void {
    const state = this.#pending.get(task.taskId)?.refArgs.find((one) => one.objectId === objectId)
    if (!state) return this.raise({ type: 'object.failed', objectId, nowMs: this.#io.nowMs() })
    if (state.status === 'ready') this.onLost(state)
    state.whenSettled(() => {
      this.raise({ type: state.status === 'ready' ? 'object.ready' : 'object.failed', objectId, nowMs: this.#io.nowMs() })
      this.flushSoon()
    })
  }

  /** Set by the reader of objects: finds another copy of a lost object, or has it made again. */
  onLost: (state: RefState) => void = () => {}
}

const noneStored: StoredArgument[] = []

function storedAmong(states: readonly RefState[]): StoredArgument[] {
  if (states.length === 0) return noneStored
  return states.flatMap(({ place }) => (place?.kind === 'stored' ? { sizeBytes: place.sizeBytes, copies: place.copies } : noneStored))
}
