import { ClusterError } from '../base/errors.ts'
import type { LabelCondition, LabelSelector, Resources, Shape, Strategy } from '../protocol/scheduling.ts'

/** Where a task or actor may run. */
export type SchedulingStrategy =
  /** Pack nodes up to half, then the least used. */
  | 'DEFAULT'
  | 'SPREAD'
  /** That node; with `soft`, another when it is gone or full. */
  | { readonly nodeId: string; readonly soft?: boolean }
  | { readonly placementGroup: { readonly id: string }; readonly bundleIndex?: number; readonly captureChildTasks?: boolean }

export type ResourceOptions = {
  /** Fractions of 0.0001 are fine. */
  readonly numCpus?: number
  /** Fractions share a device; above 1 it must be whole. */
  readonly numGpus?: number
  /** Bytes. */
  readonly memory?: number
  /** Custom resources by name. */
  readonly resources?: Readonly<Record<string, number>>
  readonly schedulingStrategy?: SchedulingStrategy
  /** Labels a node must have: `{ zone: 'a', gpu: 'in(a100,h100)', spot: '!true' }`. */
  readonly labelSelector?: Readonly<Record<string, string>>
  /** Selectors to try in order when no node matches `labelSelector`. */
  readonly fallbackStrategy?: readonly { readonly labelSelector: Readonly<Record<string, string>> }[]
}

export type TaskOptions = ResourceOptions & {
  /** How many refs a call gives. With n the function returns an array of n. `'streaming'` for generators. @default 1, streaming for generators */
  readonly numReturns?: number | 'streaming'
  /** Runs again this often when its worker or node dies; -1 without end. @default 3 */
  readonly maxRetries?: number
  /** Retry errors of the function too: all, or of these classes. @default false */
  readonly retryExceptions?: boolean | readonly (abstract new (...args: never[]) => Error)[]
  /** The worker process is replaced after this many runs of the function. @default 0, never; 1 with GPUs */
  readonly maxCalls?: number
  /** Streams: items produced and not consumed yet, at most. @default no limit */
  readonly generatorBackpressure?: number
  /** Shown in lists and errors. @default the function's name */
  readonly name?: string
}

export type MethodOptions = {
  readonly numReturns?: number | 'streaming'
  readonly concurrencyGroup?: string
  readonly generatorBackpressure?: number
}

export type ActorOptions = ResourceOptions & {
  /** Unique in its namespace; `getActor(name)` finds it. */
  readonly name?: string
  readonly namespace?: string
  /** Return the actor that has the name already, rather than fail. @default false */
  readonly getIfExists?: boolean
  /** `'detached'`: lives on after this program. @default it ends with its creator, or when no handle is left */
  readonly lifetime?: 'detached'
  /** Made anew this often when its process dies; -1 without end. State is lost. @default 0 */
  readonly maxRestarts?: number
  /** Calls in flight when it died are sent again this often; -1 without end. @default 0, at most once */
  readonly maxTaskRetries?: number
  /** Calls that may run at once. @default 1; 1000 when the class has async methods */
  readonly maxConcurrency?: number
  /** Limits for groups of methods: `{ io: 2, compute: 4 }`. */
  readonly concurrencyGroups?: Readonly<Record<string, number>>
  /** Settings of single methods. */
  readonly methods?: Readonly<Record<string, MethodOptions>>
  /** Calls one handle may have waiting; more are refused. @default no limit */
  readonly maxPendingCalls?: number
}

const resourceNames = ['numCpus', 'numGpus', 'memory', 'resources', 'schedulingStrategy', 'labelSelector', 'fallbackStrategy']
const taskNames = new Set([...resourceNames, 'numReturns', 'maxRetries', 'retryExceptions', 'maxCalls', 'generatorBackpressure', 'name'])
const actorNames = new Set([
  ...resourceNames,
  'name',
  'namespace',
  'getIfExists',
  'lifetime',
  'maxRestarts',
  'maxTaskRetries',
  'maxConcurrency',
  'concurrencyGroups',
  'methods',
  'maxPendingCalls',
])
const methodNames = new Set(['numReturns', 'concurrencyGroup', 'generatorBackpressure'])

/** @throws ClusterError `bad-argument` naming the option and its value, on the line that gave it. */
export function checkTaskOptions(options: TaskOptions): void {
  refuseUnknown(options, taskNames, 'task option')
  checkResources(options)
  checkReturns(options)
  whole('maxRetries', options.maxRetries, -1)
  whole('maxCalls', options.maxCalls, 0)
  whole('generatorBackpressure', options.generatorBackpressure, 1)
  checkRetried(options.retryExceptions)
  if (options.name !== undefined && typeof options.name !== 'string') bad('name', options.name, 'text')
}

function checkRetried(rule: unknown): void {
  if (rule === undefined || typeof rule === 'boolean') return
  if (!Array.isArray(rule)) return bad('retryExceptions', rule, 'true, false, or an array of error classes')
  // Names stand for classes in options that came from another process.
  for (const one of rule) if (typeof one !== 'function' && typeof one !== 'string') bad('retryExceptions', one, 'an array of error classes')
}

/** @throws ClusterError `bad-argument` */
export function checkActorOptions(options: ActorOptions): void {
  refuseUnknown(options, actorNames, 'actor option')
  checkResources(options)
  whole('maxRestarts', options.maxRestarts, -1)
  whole('maxTaskRetries', options.maxTaskRetries, -1)
  whole('maxConcurrency', options.maxConcurrency, 1)
  whole('maxPendingCalls', options.maxPendingCalls, -1)
  if (options.name === '') bad('name', '""', 'some text')
  if (options.getIfExists && !options.name) bad('getIfExists', 'true', 'a name beside it')
  for (const [group, limit] of Object.entries(options.concurrencyGroups ?? {})) whole(`concurrencyGroups.${group}`, limit, 1)
  for (const [method, settings] of Object.entries(options.methods ?? {})) {
    checkMethodOptions(settings)
    const group = settings.concurrencyGroup
    if (group && !Object.hasOwn(options.concurrencyGroups ?? {}, group))
      bad(`methods.${method}.concurrencyGroup`, group, 'one of concurrencyGroups')
  }
}

/** @throws ClusterError `bad-argument` */
export function checkMethodOptions(options: MethodOptions): void {
  refuseUnknown(options, methodNames, 'method option')
  checkReturns(options)
  whole('generatorBackpressure', options.generatorBackpressure, 1)
}

function checkReturns({ numReturns }: { numReturns?: number | 'streaming' }): void {
  if (numReturns !== 'streaming') whole('numReturns', numReturns, 0)
}

function checkResources(options: ResourceOptions): void {
  amount('numCpus', options.numCpus)
  amount('numGpus', options.numGpus)
  amount('memory', options.memory)
  if (options.numGpus !== undefined && options.numGpus > 1 && !Number.isInteger(options.numGpus))
    bad('numGpus', options.numGpus, 'a whole number when above 1')
  for (const [name, value] of Object.entries(options.resources ?? {})) {
    if (name === 'CPU' || name === 'GPU' || name === 'memory') bad('resources', name, 'custom names only; use numCpus, numGpus or memory')
    amount(`resources.${name}`, value)
  }
  for (const [key, text] of Object.entries(options.labelSelector ?? {})) parseCondition(key, text)
  checkStrategy(options.schedulingStrategy)
}

function checkStrategy(strategy: unknown): void {
  if (strategy === undefined || strategy === 'DEFAULT' || strategy === 'SPREAD') return
  const isObject = typeof strategy === 'object' && strategy !== null
  if (isObject && 'nodeId' in strategy && typeof strategy.nodeId === 'string') return
  if (isObject && 'placementGroup' in strategy && typeof strategy.placementGroup === 'object') return
  bad('schedulingStrategy', strategy, "'DEFAULT', 'SPREAD', { nodeId } or { placementGroup }")
}

function refuseUnknown(options: object, known: ReadonlySet<string>, what: string): void {
  for (const name of Object.keys(options)) {
    if (!known.has(name))
      throw new ClusterError('bad-argument', `${name} is not a ${what}; there are ${[...known].join(', ')}`, { details: { option: name } })
  }
}

function amount(name: string, value: number | undefined): void {
  if (value !== undefined && !(value >= 0 && Number.isFinite(value))) bad(name, value, 'a number, 0 or more')
}

function whole(name: string, value: number | undefined, least: number): void {
  if (value !== undefined && !(Number.isInteger(value) && value >= least)) bad(name, value, `a whole number, ${least} or more`)
}

function bad(name: string, value: unknown, wanted: string): never {
  throw new ClusterError('bad-argument', `${name} must be ${wanted}, got ${String(value)}`, { details: { option: name } })
}

/** What a node must have for these options. */
export function shapeFrom(options: ResourceOptions, defaultCpus: number): Shape {
  return {
    resources: resourcesFor(options, defaultCpus),
    labels: selectorFrom(options.labelSelector),
    fallbackLabels: (options.fallbackStrategy ?? []).map((fallback) => selectorFrom(fallback.labelSelector)),
    strategy: strategyFrom(options.schedulingStrategy),
  }
}

export function resourcesFor(options: ResourceOptions, defaultCpus: number): Resources {
  const all = { ...options.resources, CPU: options.numCpus ?? defaultCpus, GPU: options.numGpus ?? 0, memory: options.memory ?? 0 }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value > 0))
}

function strategyFrom(strategy: SchedulingStrategy | undefined): Strategy {
  if (strategy === undefined || strategy === 'DEFAULT') return { kind: 'default' }
  if (strategy === 'SPREAD') return { kind: 'spread' }
  if ('nodeId' in strategy) return { kind: 'node', nodeId: strategy.nodeId, soft: strategy.soft ?? false }
  return {
    kind: 'group',
    groupId: strategy.placementGroup.id,
    bundleIndex: strategy.bundleIndex ?? -1,
    captureChildren: strategy.captureChildTasks ?? false,
  }
}

export const selectorFrom = (labels: Readonly<Record<string, string>> | undefined): LabelSelector =>
  Object.entries(labels ?? {}).map(([key, text]) => parseCondition(key, text))

/** `a`, `!a`, `in(a,b)`, `!in(a,b)` (Ray: label_utils). */
function parseCondition(key: string, text: string): LabelCondition {
  const not = text.startsWith('!')
  const rest = not ? text.slice(1) : text
  const list = /^in\((.*)\)$/.exec(rest)
  const values = list ? (list[1] ?? '').split(',').map((value) => value.trim()) : [rest]
  if (values.some((value) => value === '' && list)) bad(`labelSelector.${key}`, text, "a value, '!value', 'in(a,b)' or '!in(a,b)'")
  return { key, operator: not ? 'not-in' : 'in', values }
}
