import { ClusterError } from '../../runtime/base/errors.ts'
import type { Operation } from '../contract/operations.ts'
import { Connections } from './connections.ts'
import {
  createState,
  isOver,
  type Limits,
  type OperationEvent,
  operationOf,
  type OperationState,
  type Command,
  usualLimits,
} from './core/state.ts'
import { step } from './core/step.ts'
import { listSteps } from './list-steps.ts'
import { performStep } from './perform-step.ts'
import type { OperationInput } from './operation-input.ts'
import { Peers } from './peers.ts'
import { createRedactor } from './redact.ts'
import { dropArchive } from './scripts/payload-scripts.ts'
import { readJoinToken } from './scripts/session-scripts.ts'
import { failureOf, type OperationIo } from './steps/step-context.ts'

/** What is written down of an operation, so that a panel that is started again can show it and go on with it. Holds no secret. */
export type SavedOperation = { readonly input: OperationInput; readonly operation: Operation }

export type RunIo = OperationIo & {
  /** Called soon after steps began or ended, several in one, never for progress alone; the last call holds the end. */
  save?(saved: SavedOperation): void
}

export type RunningOperation = {
  readonly id: string
  /** As it is now; a copy. */
  snapshot(): Operation
  /** Called soon after every change, several in one. Returns how to stop it. */
  onChange(listener: () => void): () => void
  /** The whole, or one machine. What runs there is asked to stop. */
  cancel(machineId?: string): void
  /** All machines that failed or were cancelled, or one: from its first step, each of which finds what is there already. */
  retry(machineId?: string): void
  /** Resolves when nothing is left to do and all is closed; after a `retry` it is another promise. Never rejects. */
  readonly done: Promise<Operation>
}

const notifyEveryMs = 50
/** A large operation has thousands of steps, and what is saved is all of it. */
const saveEveryMs = 250

/** Begins at once. The machines' steps come from `input` alone. */
export function startOperation(
  input: OperationInput,
  io: RunIo,
  options: { id?: string; title?: string; limits?: Limits } = {},
): RunningOperation {
  const head = {
    id: options.id ?? `op-${io.randomHex(8)}`,
    kind: input.kind,
    title: options.title ?? titleOf(input),
    clusterId: input.clusterId,
    startedAtMs: io.nowMs(),
  }
  const run = new Run(createState(head, plansOf(input), options.limits ?? usualLimits), input, io)
  run.send({ type: 'operation.begun', nowMs: io.nowMs() })
  return run
}

/** One that a panel left behind: it shows as it was, `interrupted` unless it had ended, and does nothing until `retry`. */
export function resumeOperation({ input, operation }: SavedOperation, io: RunIo, limits: Limits = usualLimits): RunningOperation {
  const { id, kind, title, clusterId, startedAtMs } = operation
  const state = createState({ id, kind, title, clusterId, startedAtMs }, plansOf(input), limits)
  for (const { machineId, state: reached, steps, failure } of operation.machines) {
    const machine = state.machines.get(machineId)
    if (!machine) continue
    machine.failure = failure
    machine.state = isOver(reached) ? reached : 'cancelled'
    for (const [index, { id: stepId, state: stepState, startedAtMs: startedMs, endedAtMs, progress, log, note }] of steps.entries()) {
      if (machine.plan.steps[index]?.id !== stepId) continue
      const left = isOver(stepState) || isOver(reached) ? stepState : 'cancelled'
      machine.steps[index] = { state: left, startedAtMs: startedMs, endedAtMs, progress, log, note }
    }
  }
  state.phase = operation.state === 'running' ? 'interrupted' : operation.state
  state.endedAtMs = operation.endedAtMs
  return new Run(state, input, io)
}

const plansOf = (input: OperationInput) =>
  input.machines.map((machine) => ({
    machineId: machine.machineId,
    name: machine.name,
    role: machine.role,
    archive: machine.payload,
    steps: listSteps(input, machine),
  }))

const verbs = {
  create: 'Create cluster',
  add: 'Add machines to',
  drain: 'Drain machines of',
  remove: 'Remove machines from',
  restart: 'Restart machines of',
  upgrade: 'Upgrade',
  down: 'Take down',
} as const

function titleOf({ kind, clusterName, machines }: OperationInput): string {
  const names = machines.slice(0, 3).map(({ name }) => name)
  return `${verbs[kind]} ${clusterName}: ${names.join(', ')}${machines.length > 3 ? ` and ${machines.length - 3} more` : ''}`
}

class Run implements RunningOperation {
  readonly #state: OperationState
  readonly #input: OperationInput
  readonly #io: RunIo
  readonly #connections: Connections
  readonly #peers: Peers
  readonly #redactor = createRedactor()
  readonly #aborts = new Map<string, AbortController>()
  readonly #listeners = new Set<() => void>()
  #timer: NodeJS.Timeout | undefined
  #saveTimer: NodeJS.Timeout | undefined
  #joinToken: Promise<string> | undefined
  #ended = Promise.withResolvers<Operation>()
  #isClosed = false

  constructor(state: OperationState, input: OperationInput, io: RunIo) {
    this.#state = state
    this.#input = input
    this.#io = io
    this.#connections = new Connections(io.connect, (machineId, error) => {
      this.#peers.stop(machineId)
      const what = error instanceof ClusterError ? error.message : `the connection to ${this.#nameOf(machineId)} broke: ${error.message}.`
      const lost = new ClusterError('ssh.connection-lost', `${what} Retry goes on where it was.`)
      this.send({ type: 'link.lost', machineId, failure: this.#cleanFailure(lost), nowMs: io.nowMs() })
    })
    this.#peers = new Peers(input, io.randomHex)
    if (state.phase !== 'running') this.#close()
  }

  get id(): string {
    return this.#state.head.id
  }
  get done(): Promise<Operation> {
    return this.#ended.promise
  }
  snapshot(): Operation {
    return operationOf(this.#state)
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  cancel(machineId: string | null = null): void {
    this.send({ type: 'cancel.asked', machineId, nowMs: this.#io.nowMs() })
  }

  retry(machineId: string | null = null): void {
    if (this.#isClosed) this.#ended = Promise.withResolvers()
    const wasClosed = this.#isClosed
    this.#isClosed = false
    this.send({ type: 'retry.asked', machineId, nowMs: this.#io.nowMs() })
    if (wasClosed && this.#state.phase !== 'running') this.#close() // there was nothing to try again
  }

  send(event: OperationEvent): void {
    const commands = step(this.#state, event)
    if (event.type !== 'step.progressed' && event.type !== 'step.said') this.#saveTimer ??= setTimeout(() => this.#save(), saveEveryMs)
    this.#notifySoon()
    for (const command of commands) this.#perform(command)
  }

  #perform(command: Command): void {
    switch (command.do) {
      case 'run-step':
        void this.#runStep(command)
        return
      case 'abort-step':
        this.#aborts.get(command.machineId)?.abort()
        return
      case 'release-machine':
        // the head's is needed by others too, until the end
        if (command.machineId !== this.#input.head.machineId) void this.#release(command.machineId)
        return
      case 'end-operation':
        void this.#end()
        return
    }
  }

  async #runStep({ machineId, stepId, attempt, source }: Extract<Command, { do: 'run-step' }>): Promise<void> {
    const machine = this.#input.machines.find((each) => each.machineId === machineId)
    const abort = new AbortController()
    this.#aborts.set(machineId, abort)
    const { nowMs } = this.#io
    const outcome = await performStep(stepId, {
      input: this.#input,
      machine: machine ?? this.#input.head,
      source,
      io: this.#io,
      peers: this.#peers,
      signal: abort.signal,
      connection: (other = machineId) => this.#connections.get(other),
      joinToken: () => this.#readToken(),
      say: (text) => this.send({ type: 'step.said', machineId, attempt, text: this.#redactor.clean(text), nowMs: nowMs() }),
      progress: (done, total, unit) =>
        this.send({ type: 'step.progressed', machineId, attempt, progress: { done, total, unit }, nowMs: nowMs() }),
    })
    if (this.#aborts.get(machineId) === abort) this.#aborts.delete(machineId)
    const clean =
      outcome.kind === 'failed'
        ? { ...outcome, failure: { ...outcome.failure, message: this.#redactor.clean(outcome.failure.message) } }
        : outcome
    this.send({ type: 'step.ended', machineId, attempt, outcome: clean, nowMs: nowMs() })
  }

  /** On the head's machine, once; kept in memory only. */
  #readToken(): Promise<string> {
    const read = async () => {
      const connection = await this.#connections.get(this.#input.head.machineId)
      const { code, stdout, stderr } = await connection.script(readJoinToken(this.#input.head.sessionFolder), [], { timeoutMs: 30_000 })
      const token = /^token (\S+)$/m.exec(stdout)?.[1] ?? ''
      if (code !== 0 || token === '') {
        throw new ClusterError(
          'bootstrap.failed',
          `the join token could not be read on ${this.#input.head.name}: ${stderr.trim().slice(-500)}. Is the head started?`,
        )
      }
      this.#redactor.add(token)
      return token
    }
    this.#joinToken ??= read().catch((error: unknown) => {
      this.#joinToken = undefined
      throw error
    })
    return this.#joinToken
  }

  async #release(machineId: string): Promise<void> {
    this.#peers.stop(machineId)
    const machine = this.#input.machines.find((each) => each.machineId === machineId)
    const connection = await this.#connections.find(machineId)
    if (machine && connection && (this.#state.machines.get(machineId)?.steps.length ?? 0) > 0 && this.#hasArchive(machineId)) {
      await connection
        .script(dropArchive({ root: machine.root, sha256: machine.payload, machineId }), [], { timeoutMs: 20_000 })
        .catch(() => {}) // the leftover hunter finds it
    }
    if (isOver(this.#state.machines.get(machineId)?.state ?? 'done')) await this.#connections.close(machineId) // else it was retried meanwhile
  }

  /** Kept where the unpacking did not come to its end: a retry goes on from it. */
  #hasArchive(machineId: string): boolean {
    const machine = this.#state.machines.get(machineId)
    return (
      machine?.plan.steps.some(
        ({ kind }, index) => kind === 'unpack' && (machine.steps[index]?.state === 'done' || machine.steps[index]?.state === 'skipped'),
      ) ?? false
    )
  }

  async #end(): Promise<void> {
    await Promise.all([...this.#state.machines.keys(), this.#input.head.machineId].map((machineId) => this.#release(machineId)))
    const isRetried = () => this.#state.phase === 'running' // while we closed: a new end will come
    if (isRetried()) return
    this.#peers.stopAll()
    await this.#connections.closeAll()
    if (isRetried()) return
    this.#notify()
    this.#close()
  }

  #close(): void {
    this.#isClosed = true
    if (this.#saveTimer !== undefined) this.#save()
    this.#ended.resolve(this.snapshot())
  }

  #save(): void {
    clearTimeout(this.#saveTimer)
    this.#saveTimer = undefined
    this.#io.save?.({ input: this.#input, operation: this.snapshot() })
  }

  #nameOf(machineId: string): string {
    return this.#input.machines.find((each) => each.machineId === machineId)?.name ?? this.#input.head.name
  }

  #cleanFailure(error: unknown) {
    const failure = failureOf(error)
    return { ...failure, message: this.#redactor.clean(failure.message) }
  }

  #notifySoon(): void {
    this.#timer ??= setTimeout(() => this.#notify(), notifyEveryMs)
  }

  #notify(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    for (const listener of this.#listeners) listener()
  }
}
