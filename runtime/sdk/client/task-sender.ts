import type { ActorId, TaskId } from '../../base/ids.ts'
import type { ProcessAddress } from '../../protocol/addresses.ts'
import type { Failure } from '../../protocol/failures.ts'
import type { PushedTask, RefArgument } from '../../protocol/tasks.ts'
import type { OwnedTask, OwnerCommand } from '../owner/core/state.ts'
import { failureFrom } from './failures.ts'
import { batchesBySize } from './message-size.ts'
import type { Peer, Peers } from './peers.ts'
import type { PendingTask } from './pending-task.ts'

export type TaskSenderIo = {
  readonly peers: Peers
  readonly self: () => ProcessAddress
  /** Of the clock by which tasks were created. */
  readonly nowMs: () => number
  readonly pendingTask: (taskId: TaskId) => PendingTask | undefined
  /** The bytes of a function that is small enough to go with its template. */
  readonly codeOf: (functionId: string) => Uint8Array | null
  /** The actor behind a queue of calls, which may have been asked for under another id. */
  readonly actorIdOf: (queueId: ActorId) => ActorId
  /** The task could not be sent. Called now or, where the link does not stand yet, later. */
  readonly onUnsent: (task: Sent, failure: Failure) => void
}

type Sent = Pick<OwnedTask, 'taskId' | 'attempt'>

/** Turns tasks and calls into messages to the processes that run them. */
export class TaskSender {
  readonly #io: TaskSenderIo
  constructor(io: TaskSenderIo) {
    this.#io = io
  }

  push({ lease, tasks }: Extract<OwnerCommand, { do: 'push' }>): void {
    const peer = this.#io.peers.to(lease.worker)
    const sendable = this.#withArguments(tasks)
    if (sendable.length === 0) return
    const pushed: PushedTask[] = []
    const nowMs = this.#io.nowMs()
    for (const task of sendable) {
      const templateId = this.#templateIdFor(peer, task)
      const waitedMs = waitedFor(task, nowMs)
      const sent = { taskId: task.taskId, attempt: task.attempt, templateId, args: task.args, refArgs: this.#refArguments(task), waitedMs }
      pushed.push(task.parentId === undefined ? sent : { ...sent, parentId: task.parentId })
    }
    for (const batch of batchesBySize(pushed)) this.#send(peer, { type: 'task.push', leaseId: lease.leaseId, tasks: batch }, batch)
    for (const task of sendable) {
      const consumed = task.attempt > 0 ? (this.#io.pendingTask(task.taskId)?.stream?.consumed ?? 0) : 0
      if (consumed > 0) peer.send({ type: 'task.consumed', taskId: task.taskId, count: consumed }) // a run again starts its count at none
    }
  }

  call({ actorId, address, tasks }: Extract<OwnerCommand, { do: 'call' }>): void {
    const sendable = this.#withArguments(tasks)
    if (sendable.length === 0) return
    const nowMs = this.#io.nowMs()
    const calls = sendable.map((task) => ({
      taskId: task.taskId,
      attempt: task.attempt,
      method: task.call?.method ?? '',
      args: task.args,
      refArgs: this.#refArguments(task),
      returnCount: task.call?.returnCount ?? 1,
      generatorBackpressure: task.call?.generatorBackpressure ?? 0,
      concurrencyGroup: task.call?.concurrencyGroup ?? '',
      waitedMs: waitedFor(task, nowMs),
      ...(task.parentId === undefined ? noParent : { parentId: task.parentId }),
    }))
    const peer = this.#io.peers.to(address)
    for (const batch of batchesBySize(calls)) {
      this.#send(peer, { type: 'actor.calls', actorId: this.#io.actorIdOf(actorId), calls: batch }, batch)
    }
  }

  /** What cannot be sent fails its tasks, not the process. */
  #send(peer: Peer, message: object, batch: readonly Sent[]): void {
    peer.send(message, (error) => {
      const { code, message: why, details } = failureFrom(error)
      const failure = { code, message: `the arguments cannot be sent: ${why}. Put large ones with put, and pass their refs.`, details }
      for (const task of batch) this.#io.onUnsent(task, failure)
    })
  }

  #templateIdFor(peer: Peer, task: OwnedTask): number {
    const { template } = task.kind
    const known = peer.templates.get(template)
    if (known !== undefined) return known
    const templateId = peer.templates.size
    peer.templates.set(template, templateId)
    peer.send({ type: 'task.define', templateId, template, code: this.#io.codeOf(template.functionId) })
    return templateId
  }

  /** A task that runs again may find an argument gone that its first run had: it is as if its worker had found that out. */
  #withArguments(tasks: readonly OwnedTask[]): readonly OwnedTask[] {
    if (tasks.every(({ refArgs }) => refArgs.length === 0)) return tasks
    return tasks.filter((task) => {
      const missing = this.#io.pendingTask(task.taskId)?.refArgs.find((state) => !state.place)
      if (!missing) return true
      const { objectId } = missing
      this.#io.onUnsent(task, { code: 'object.lost', message: `object ${objectId} is being made again`, details: { objectId } })
      return false
    })
  }

  #refArguments(task: OwnedTask): RefArgument[] {
    if (task.refArgs.length === 0) return noRefArguments
    const states = this.#io.pendingTask(task.taskId)?.refArgs ?? []
    return task.refArgs.flatMap(({ index, objectId }, position) => {
      const state = states[position]
      return state?.place ? [{ index, objectId, owner: state.owner ?? this.#io.self(), place: state.place }] : []
    })
  }
}

const noRefArguments: RefArgument[] = []
const noParent = {}

const waitedFor = ({ createdMs = 0 }: OwnedTask, nowMs: number): number => (createdMs > 0 ? Math.max(0, Math.round(nowMs - createdMs)) : 0)
