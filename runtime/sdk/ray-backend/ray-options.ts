import { retryNames } from '../client/definitions.ts'
import { concurrencyOf, methodReturns } from '../client/actors.ts'
import { inheritedStrategy } from '../client/inherited-strategy.ts'
import type { ActorDefinition, TaskDefinition } from '../backend.ts'
import { type ResourceOptions, shapeFrom } from '../options.ts'
import type { ActorMeta } from './ray-actor.ts'

/** Options of a task as Python takes them. */
export function taskFields({ name, options }: TaskDefinition, namespace: string): Record<string, unknown> {
  return {
    name: name.slice(0, 512),
    namespace,
    returnCount: options.numReturns === 'streaming' ? -1 : (options.numReturns ?? 1),
    backpressure: options.generatorBackpressure ?? 0,
    maxRetries: options.maxRetries ?? 3,
    retries: retryNames(options.retryExceptions),
    maxCalls: options.maxCalls ?? ((options.numGpus ?? 0) > 0 ? 1 : 0),
    ...resourceFields(options),
  }
}

export function actorFields({ name, options, shape }: ActorDefinition, namespace: string): Record<string, unknown> {
  return {
    name: name.slice(0, 256),
    actorName: options.name,
    namespace: options.namespace ?? namespace,
    getIfExists: options.getIfExists ?? false,
    lifetime: options.lifetime,
    maxRestarts: options.maxRestarts,
    maxTaskRetries: options.maxTaskRetries,
    maxConcurrency: concurrencyOf(options, shape.isAsync),
    concurrencyGroups: options.concurrencyGroups ?? {},
    methodGroups: groupsOf({ options }),
    ...resourceFields(options),
  }
}

function resourceFields(options: ResourceOptions): Record<string, unknown> {
  const inherited = inheritedStrategy(options)
  const { numCpus, numGpus, memory, resources, labelSelector, fallbackStrategy } = options
  const { strategy } = shapeFrom(inherited ? { ...options, schedulingStrategy: inherited } : options, 1)
  return { numCpus, numGpus, memory, resources, labelSelector, fallbackStrategy, strategy }
}

export function metaOf({ name, options, shape }: ActorDefinition): ActorMeta {
  return {
    name: options.name ?? null,
    className: name,
    methodNames: [...shape.methodNames],
    methodReturns: methodReturns(options, shape.streams),
    methodGroups: groupsOf({ options }),
    groups: Object.keys(options.concurrencyGroups ?? {}),
    maxPendingCalls: options.maxPendingCalls ?? -1,
  }
}

function groupsOf({ options }: Pick<ActorDefinition, 'options'>): Record<string, string> {
  const groups = Object.entries(options.methods ?? {}).map(([method, { concurrencyGroup }]) => [method, concurrencyGroup] as const)
  return Object.fromEntries(groups.flatMap(([method, group]) => (group === undefined ? [] : [[method, group]])))
}
