import { objectIdOf } from '#runtime/base/ids.ts'
import type { ProcessAddress } from '#runtime/protocol/addresses.ts'
import type { WorkerExit } from '#runtime/protocol/failures.ts'
import { shapeKey } from '#runtime/protocol/placement/shapes.ts'
import type { Shape } from '#runtime/protocol/scheduling.ts'
import type { TaskOutcome } from '#runtime/protocol/tasks.ts'
import { checkInvariants } from '#runtime/sdk/owner/core/invariants.ts'
import {
  type AgentMessage,
  type AgentTarget,
  createOwnerState,
  type OwnedTask,
  type OwnerCommand,
  type OwnerConfig,
  ownerDefaults,
  type OwnerEvent,
  type OwnerState,
  type TaskEnd,
  type TaskKind,
} from '#runtime/sdk/owner/core/state.ts'
import { step } from '#runtime/sdk/owner/core/step.ts'

export const idOf = (digit: string, length = 56): string => digit.repeat(length)
export const jobId = '00000001'
export const ownNode = idOf('a')
export const actorId = idOf('c', 24) + jobId
export const groupId = idOf('9', 28) + jobId
export const otherAgent = (digit: string): NonNullable<AgentTarget> => ({ nodeId: idOf(digit), agentAddress: `${digit}.example:7000` })

export const shapeOf = (more: Partial<Shape> = {}): Shape => ({
  resources: { CPU: 1 },
  labels: [],
  fallbackLabels: [],
  strategy: { kind: 'default' },
  ...more,
})
export const inGroup = (bundleIndex = -1): Shape => shapeOf({ strategy: { kind: 'group', groupId, bundleIndex, captureChildren: false } })

export function kindOf(shape: Shape = shapeOf(), meanRunMs?: number): TaskKind {
  const { strategy } = shape
  return {
    template: {
      ...{ functionId: idOf('f', 64), name: 'work', jobId, namespace: 'test', returnCount: 1 },
      ...{ generatorBackpressure: 0, maxCalls: 0, atMostOnce: false, strategy },
    },
    shape,
    shapeKey: shapeKey(shape),
    meanRunMs,
  }
}

export const workerOf = (name: string, nodeId = ownNode): ProcessAddress => ({
  workerId: name.padStart(56, 'e'),
  nodeId,
  socketPath: `/s/${name}.sock`,
  agentAddress: '',
})
export const exitOf = (reason: string | null = null): WorkerExit => ({ exitCode: 1, signal: null, pid: 7, reason, lastLines: [] })
export const done: TaskOutcome = { kind: 'done', results: [{ place: { kind: 'inline', bytes: new Uint8Array() }, nested: [] }] }
export const threw = (...classNames: string[]): TaskOutcome => ({ kind: 'threw', error: { bytes: new Uint8Array(), classNames } })

type EventBody = OwnerEvent extends infer E ? (E extends OwnerEvent ? Omit<E, 'nowMs'> : never) : never
type Message<Type extends AgentMessage['type']> = Extract<AgentMessage, { type: Type }>
type Command<Do extends OwnerCommand['do']> = Extract<OwnerCommand, { do: Do }>

/** An owner core with its time; invariants hold after every event that does not merely gather. */
export class OwnerHarness {
  readonly state: OwnerState
  nowMs = 1_000
  /** Commands of the last event. */
  last: OwnerCommand[] = []
  readonly ends = new Map<string, TaskEnd>()
  #counter = 0
  #leases = 0

  constructor(config: Partial<OwnerConfig> = {}) {
    this.state = createOwnerState({ ...ownerDefaults, ownerId: idOf('d'), nodeId: ownNode, heldEveryMs: 1e9, ...config })
  }

  send(event: EventBody): OwnerCommand[] {
    this.last = step(this.state, { ...event, nowMs: this.nowMs })
    for (const command of this.last) {
      if (command.do === 'push') command.lease.opened = true // as the shell does
      if (command.do !== 'end') continue
      if (this.ends.has(command.task.taskId)) throw new Error(`task ${command.task.taskId} ended twice`)
      this.ends.set(command.task.taskId, command.end)
    }
    checkInvariants(this.state)
    return this.last
  }

  flush(): OwnerCommand[] {
    return this.send({ type: 'flush' })
  }
  tick(afterMs: number): OwnerCommand[] {
    this.nowMs += afterMs
    return this.send({ type: 'tick' })
  }

  makeTask(more: Partial<OwnedTask> = {}): OwnedTask {
    this.#counter += 1
    const maxRetries = more.maxRetries ?? 3
    return {
      ...{ taskId: `${String(this.#counter).padStart(16, '0')}${idOf('f', 24)}${jobId}`, kind: kindOf(), call: null },
      ...{ args: new Uint8Array(), refArgs: [], maxRetries, retryErrors: false, retriesLeft: maxRetries },
      ...{ attempt: 0, phase: 'waiting', waitingFor: 0, yielded: 0, alone: false, cancelled: false, leaseId: null },
      ...{ recoveries: 0, notBeforeMs: 0 },
      ...more,
    }
  }
  submit(more: Partial<OwnedTask> = {}, unready: readonly string[] = []): OwnedTask {
    const task = this.makeTask(more)
    this.send({ type: 'task.submit', task, unready })
    return task
  }
  call(more: Partial<OwnedTask> = {}, unready: readonly string[] = []): OwnedTask {
    const call = { actorId, method: 'add', concurrencyGroup: '', returnCount: 1, generatorBackpressure: 0 }
    return this.submit({ call, maxRetries: 0, ...more }, unready)
  }

  /** Grants the oldest request that is out, on a worker of its own; returns the lease's id. */
  grant(from: AgentTarget = null, worker = `w${this.#leases}`): string {
    const [requestId] = this.state.asks.keys()
    if (requestId === undefined) throw new Error('nothing was asked for')
    this.#leases += 1
    const leaseId = `lease-${this.#leases}`
    this.send({ type: 'lease.granted', requestId, leaseId, worker: workerOf(worker, from?.nodeId ?? ownNode), from })
    return leaseId
  }
  end(task: OwnedTask, outcome: TaskOutcome = done, more: { attempt?: number; runMs?: number } = {}): OwnerCommand[] {
    const commands = this.send({
      type: 'task.ended',
      taskId: task.taskId,
      attempt: more.attempt ?? task.attempt,
      outcome,
      runMs: more.runMs ?? 1_000,
    })
    return [...commands, ...this.flush()]
  }
  /** The worker of a lease dies, its link closes, and its agent says how. */
  die(leaseId: string, reason: string | null = null): OwnerCommand[] {
    const closed = this.send({ type: 'worker.link-closed', leaseId })
    return [...closed, ...this.send({ type: 'lease.lost', leaseId, exit: exitOf(reason) })]
  }
  /** Tasks in flight on a lease, oldest first. */
  inFlight(leaseId: string): string[] {
    return [...(this.state.leases.get(leaseId)?.inFlight.keys() ?? [])]
  }
  failure(task: OwnedTask): string | undefined {
    const end = this.ends.get(task.taskId)
    return end?.kind === 'failed' ? end.failure.code : end?.kind
  }
}

export const doing = <Do extends OwnerCommand['do']>(commands: readonly OwnerCommand[], what: Do): Command<Do>[] =>
  commands.filter((command): command is Command<Do> => command.do === what)
export const said = <Type extends AgentMessage['type']>(commands: readonly OwnerCommand[], type: Type): Message<Type>[] =>
  commands.flatMap((command) => (command.do === 'send-agent' && command.message.type === type ? [command.message as Message<Type>] : [])) // the type was compared
export const pushedIds = (commands: readonly OwnerCommand[]): string[] =>
  doing(commands, 'push').flatMap(({ tasks }) => tasks.map(({ taskId }) => taskId))
export const calledIds = (commands: readonly OwnerCommand[]): string[] =>
  doing(commands, 'call').flatMap(({ tasks }) => tasks.map(({ taskId }) => taskId))
export const returnOf = (task: OwnedTask): string => objectIdOf(task.taskId, 1)
