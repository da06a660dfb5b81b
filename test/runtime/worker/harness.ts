import { AsyncLocalStorage } from 'node:async_hooks'
import { EventEmitter, on } from 'node:events'
import { type Clock, systemClock } from '#runtime/base/clock.ts'
import { silentLogger } from '#runtime/base/logger.ts'
import type { ActorSpec } from '#runtime/protocol/actors.ts'
import type { ActorCall, PushedTask, RefArgument, TaskEnded, TaskResult, TaskTemplate, UserError } from '#runtime/protocol/tasks.ts'
import type { Callable, ExecutionServices, OpenArguments, TaskScope } from '#runtime/sdk/execution.ts'
import { createExecutor, type Executor } from '#runtime/worker/executor.ts'
import type { FromExecutorToAgent, OwnerLink, ToOwner } from '#runtime/worker/messages.ts'

export const jobId = '00000001'
export const leaseId = 'lease-1'
const hex = (number: number, length: number) => number.toString(16).padStart(length, '0')
export const taskIdOf = (number: number): string => hex(number, 48)
export const functionIdOf = (number: number): string => hex(number, 64)
export const actorId = hex(1, 32)

const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value ?? null))
const decode = (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(bytes)) as unknown
export const valueOf = ({ place }: TaskResult): unknown => (place.kind === 'inline' ? decode(place.bytes) : undefined)

/** Everything that happens, in order, so that a test waits for an event and not for a time. */
export class Recorder {
  readonly events: string[] = []
  readonly #emitter = new EventEmitter().setMaxListeners(0)
  note(event: string): void {
    this.events.push(event)
    this.#emitter.emit('event')
  }
  /** Waits until `isTrue`, looking again at each thing noted. */
  async until(isTrue: () => boolean): Promise<void> {
    if (isTrue()) return
    for await (const _ of on(this.#emitter, 'event')) if (isTrue()) return
  }
}

export class RecordingLink implements OwnerLink {
  readonly id: string
  readonly sent: ToOwner[] = []
  readonly #recorder: Recorder
  constructor(id: string, recorder: Recorder) {
    this.id = id
    this.#recorder = recorder
  }
  send(message: ToOwner): void {
    this.sent.push(message)
    this.#recorder.note(`${this.id}:${message.type}`)
  }
  flush(): void {}

  get ended(): TaskEnded[] {
    return this.sent.flatMap((message) => (message.type === 'tasks.ended' ? message.tasks : []))
  }
  get returned(): string[] {
    return this.sent.flatMap((message) => (message.type === 'tasks.returned' ? message.taskIds : []))
  }
  get yielded(): unknown[] {
    return this.sent.flatMap((message) => (message.type === 'task.yielded' ? [valueOf(message.result)] : []))
  }
  outcomeOf(number: number): TaskEnded['outcome'] | undefined {
    return this.ended.find(({ taskId }) => taskId === taskIdOf(number))?.outcome
  }
  /** The value of a done task, the message of what it threw, or the code it failed with. */
  resultOf(number: number): unknown {
    const outcome = this.outcomeOf(number)
    if (outcome === undefined) return undefined
    if (outcome.kind === 'done') return outcome.results.length === 1 ? valueOf(outcome.results[0]!) : outcome.results.map(valueOf)
    return outcome.kind === 'threw' ? decode(outcome.error.bytes) : outcome.failure.code
  }
}

/** The SDK's side of the seam from plain functions: values are JSON, and all functions are known by number. */
export class PlainServices implements ExecutionServices {
  readonly workerId = hex(7, 56)
  readonly nodeId = hex(8, 56)
  readonly functions = new Map<string, Callable>()
  readonly released: string[] = []
  readonly childrenCancelled: string[] = []
  readonly opened: string[] = []
  prefetched = 0
  settled = 0
  /** Arguments of a task with stored refs come when this settles. */
  pulls = new Map<string, Promise<void>>()
  readonly #tasks = new AsyncLocalStorage<TaskScope>()

  get task(): TaskScope {
    return this.#tasks.getStore()!
  }
  loadFunction(functionId: string): Callable {
    return this.functions.get(functionId)!
  }
  openArguments({ taskId, args }: { taskId: string; args: Uint8Array }): OpenArguments | Promise<OpenArguments> {
    this.opened.push(taskId)
    const opened = {
      values: decode(args) as unknown[],
      settle: () => {
        this.settled += 1
        return []
      },
    }
    return this.pulls.get(taskId)?.then(() => opened) ?? opened
  }
  prefetch(refArgs: readonly RefArgument[]): void {
    this.prefetched += refArgs.length
  }
  encodeResult(_task: object, _index: number, value: unknown): TaskResult {
    return { place: { kind: 'inline', bytes: encode(value) }, nested: [] }
  }
  encodeError(error: unknown): UserError {
    return {
      bytes: encode(error instanceof Error ? error.message : error),
      classNames: [error instanceof Error ? error.name : typeof error],
    }
  }
  /** Set: something lives that ends with the worker, until it settles. */
  owned: Promise<void> | undefined
  whenNothingOwned(): Promise<void> | undefined {
    return this.owned
  }
  releaseResults(taskIds: readonly string[]): void {
    this.released.push(...taskIds)
  }
  cancelChildren(taskId: string): void {
    this.childrenCancelled.push(taskId)
  }
  runInTask<T>(task: TaskScope, body: () => T): T {
    return this.#tasks.run(task, body)
  }
}

export type Harness = {
  executor: Executor
  services: PlainServices
  link: RecordingLink
  recorder: Recorder
  /** Without the reports for the lists of tasks, which come by the clock. */
  agentSent: FromExecutorToAgent[]
  reports: FromExecutorToAgent[]
  exits: number[]
  env: NodeJS.ProcessEnv
  newLink(id: string): RecordingLink
}

export function aWorker(options: { assigned?: boolean; clock?: Clock } = {}): Harness {
  const recorder = new Recorder()
  const services = new PlainServices()
  const agentSent: FromExecutorToAgent[] = []
  const reports: FromExecutorToAgent[] = []
  const exits: number[] = []
  const env: NodeJS.ProcessEnv = {}
  const executor = createExecutor({
    services,
    clock: options.clock ?? systemClock,
    logger: silentLogger,
    env,
    agent: {
      flush: () => {},
      send: (message) => {
        if (message.type === 'events.batch') reports.push(message)
        else agentSent.push(message)
        recorder.note(`agent:${message.type}`)
      },
    },
    exit: (code) => {
      exits.push(code)
      recorder.note('exit')
    },
  })
  if (options.assigned !== false) executor.assign({ type: 'worker.assign', leaseId, jobId, ownerId: hex(9, 56), devices: {} })
  const newLink = (id: string) => new RecordingLink(id, recorder)
  return { executor, services, link: newLink('owner'), recorder, agentSent, reports, exits, env, newLink }
}

/** Makes a function known and defines template `number` for it. */
export function define(worker: Harness, number: number, what: Callable | (Partial<TaskTemplate> & { run: Callable })): void {
  const { run, ...template } = typeof what === 'function' ? { run: what } : what
  const functionId = functionIdOf(number)
  worker.services.functions.set(functionId, run)
  worker.executor.onOwnerMessage(worker.link, {
    type: 'task.define',
    templateId: number,
    code: null,
    template: {
      functionId,
      name: `f${number}`,
      jobId,
      namespace: 'test',
      returnCount: 1,
      generatorBackpressure: 0,
      maxCalls: 0,
      atMostOnce: false,
      strategy: { kind: 'default' },
      ...template,
    },
  })
}

export function aTask(number: number, templateId: number, args: unknown[] = []): PushedTask {
  return { taskId: taskIdOf(number), attempt: 0, templateId, args: encode(args), refArgs: [] }
}

export function push(worker: Harness, tasks: PushedTask[], lease = leaseId): void {
  worker.executor.onOwnerMessage(worker.link, { type: 'task.push', leaseId: lease, tasks })
}

export function cancel(worker: Harness, number: number, recursive = false): void {
  worker.executor.onOwnerMessage(worker.link, { type: 'task.cancel', taskId: taskIdOf(number), recursive })
}

export const endedCount = (worker: Harness, count: number): Promise<void> => worker.recorder.until(() => worker.link.ended.length >= count)

export const storedRef = (index: number): PushedTask['refArgs'][number] => ({
  index,
  objectId: hex(index, 56),
  owner: { workerId: hex(3, 56), nodeId: hex(4, 56), socketPath: '/tmp/s', agentAddress: '' },
  place: { kind: 'stored', copies: [], sizeBytes: 1 },
})

/** A worker that holds an actor of this class. */
export async function anActor(actorClass: Callable | (new (...args: never[]) => object), spec: Partial<ActorSpec> = {}): Promise<Harness> {
  const worker = aWorker({ assigned: false })
  const answer = await construct(worker, actorClass, spec)
  if (answer.kind !== 'ready') throw new Error(`the actor was not built: ${answer.kind}`)
  return worker
}

export function construct(worker: Harness, actorClass: Callable | (new (...args: never[]) => object), spec: Partial<ActorSpec> = {}) {
  worker.services.functions.set(functionIdOf(99), actorClass as Callable) // a class is loaded like a function
  const owner = { workerId: hex(9, 56), nodeId: hex(8, 56), socketPath: '/tmp/o', agentAddress: '' }
  return worker.executor.construct({
    type: 'actor.construct',
    restarts: 0,
    devices: {},
    spec: {
      actorId,
      jobId,
      owner,
      classId: functionIdOf(99),
      className: actorClass.name,
      name: null,
      namespace: 'test',
      detached: false,
      args: encode([]),
      refArgs: [],
      shape: { resources: {}, labels: [], fallbackLabels: [], strategy: { kind: 'default' } },
      heldResources: {},
      maxRestarts: 0,
      maxTaskRetries: 0,
      maxConcurrency: 1,
      concurrencyGroups: {},
      methodGroups: {},
      maxPendingCalls: -1,
      methodReturns: {},
      methodNames: [],
      ...spec,
    },
  })
}

export function call(
  worker: Harness,
  number: number,
  what: string | (Partial<ActorCall> & { method: string; values?: unknown[]; link?: OwnerLink }),
): void {
  const { values = [], link = worker.link, method, ...rest } = typeof what === 'string' ? { method: what } : what
  worker.executor.onOwnerMessage(link, {
    type: 'actor.calls',
    actorId,
    calls: [
      {
        taskId: taskIdOf(number),
        attempt: 0,
        method,
        args: encode(values),
        refArgs: [],
        returnCount: 1,
        generatorBackpressure: 0,
        concurrencyGroup: '',
        ...rest,
      },
    ],
  })
}
