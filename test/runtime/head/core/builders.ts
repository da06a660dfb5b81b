import type { HeadCommand, HeadEvent } from '#runtime/head/core/events.ts'
import { type HeadConfig, defaultHeadConfig } from '#runtime/head/core/config.ts'
import { checkInvariants } from '#runtime/head/core/invariants.ts'
import type { SavedRow } from '#runtime/head/core/rows.ts'
import { createHeadState, type HeadState } from '#runtime/head/core/state.ts'
import { step } from '#runtime/head/core/step.ts'
import type { ActorSpec } from '#runtime/protocol/actors.ts'
import type { ProcessAddress } from '#runtime/protocol/addresses.ts'
import type { GroupSpec } from '#runtime/protocol/groups.ts'
import type { NodeFacts, NodeRegister, ToAgentFromHead } from '#runtime/protocol/nodes.ts'
import type { Shape } from '#runtime/protocol/scheduling.ts'

/** The number can be read back from the id's end. */
export const nodeIdOf = (number: number): string => `a${number.toString(16).padStart(55, '0')}`
export const numberOf = (nodeId: string): number => Number.parseInt(nodeId.slice(1), 16)
export const workerIdOf = (number: number): string => `b${number.toString(16).padStart(55, '0')}`
export const actorIdOf = (number: number, jobId = '00000001'): string => `c${number.toString(16).padStart(23, '0')}${jobId}`
export const groupIdOf = (number: number, jobId = '00000001'): string => `d${number.toString(16).padStart(27, '0')}${jobId}`

export const factsOf = (nodeId: string, resources: Record<string, number> = { CPU: 4 }): NodeFacts => ({
  nodeId,
  agentAddress: '',
  hostname: `host-${nodeId.slice(-2)}`,
  pid: 1,
  isHead: false,
  resources,
  labels: {},
  objectStoreBytes: 0,
  startedAtMs: 0,
  nodeName: '',
  version: 'test',
})
export const addressOf = (nodeId: string, workerId: string): ProcessAddress => ({
  workerId: workerId.padStart(56, 'e'),
  nodeId,
  socketPath: '/tmp/none.sock',
  agentAddress: '',
})
export const shapeOf = (resources: Record<string, number> = { CPU: 1 }, strategy: Shape['strategy'] = { kind: 'default' }): Shape => ({
  resources,
  labels: [],
  fallbackLabels: [],
  strategy,
})
export const actorSpec = (actorId: string, more: Partial<ActorSpec> = {}): ActorSpec => ({
  actorId,
  jobId: actorId.slice(24),
  owner: addressOf(nodeIdOf(1), workerIdOf(1)),
  classId: '0'.repeat(64),
  className: 'Counter',
  name: null,
  namespace: 'default',
  detached: false,
  args: new Uint8Array(8),
  refArgs: [],
  shape: shapeOf(),
  heldResources: {},
  maxRestarts: 0,
  maxTaskRetries: 0,
  maxConcurrency: 1,
  concurrencyGroups: {},
  methodGroups: {},
  maxPendingCalls: -1,
  methodReturns: {},
  methodNames: ['add'],
  ...more,
})
export const groupSpec = (groupId: string, bundles: Record<string, number>[], more: Partial<GroupSpec> = {}): GroupSpec => ({
  groupId,
  jobId: groupId.slice(28),
  creatorId: workerIdOf(1),
  name: null,
  strategy: 'PACK',
  bundles: bundles.map((resources) => ({ resources, labels: [] })),
  detached: false,
  ...more,
})
export const registerOf = (nodeId: string, more: Partial<NodeRegister> & { resources?: Record<string, number> } = {}): NodeRegister => {
  const { resources = { CPU: 4 }, ...rest } = more
  return {
    type: 'node.register',
    facts: factsOf(nodeId, resources),
    available: resources,
    actors: [],
    actorsEnded: [],
    bundles: [],
    clients: [],
    ...rest,
  }
}

type EventBody = HeadEvent extends infer E ? (E extends HeadEvent ? Omit<E, 'nowMs'> : never) : never

/** A head core at a given time, with what it saved; invariants hold after every step. */
export class TestHead {
  state: HeadState
  nowMs = 1_000_000
  readonly rows = new Map<string, SavedRow>()
  #requestKey = 0
  #linkId = 0
  readonly links = new Map<string, number>()
  readonly #config: HeadConfig

  constructor(config: Partial<HeadConfig> = {}) {
    this.#config = { ...defaultHeadConfig, clusterId: 'test', ...config }
    this.state = createHeadState(this.#config)
  }

  step(event: EventBody): HeadCommand[] {
    const commands = step(this.state, { ...event, nowMs: this.nowMs })
    for (const command of commands) {
      if (command.type === 'save') this.rows.set(`${command.row.table} ${command.row.key}`, structuredClone(command.row))
      if (command.type === 'delete') this.rows.delete(`${command.table} ${command.key}`)
    }
    checkInvariants(this.state)
    return commands
  }

  join(number: number, more: Parameters<typeof registerOf>[1] = {}): HeadCommand[] {
    const nodeId = nodeIdOf(number)
    this.#linkId += 1
    this.links.set(nodeId, this.#linkId)
    return this.step({ type: 'agent.registered', linkId: this.#linkId, requestKey: this.#nextKey(), register: registerOf(nodeId, more) })
  }
  say(number: number, message: Extract<HeadEvent, { type: 'agent.message' }>['message']): HeadCommand[] {
    const nodeId = nodeIdOf(number)
    return this.step({ type: 'agent.message', linkId: this.links.get(nodeId) ?? 0, nodeId, message })
  }
  unlink(number: number): HeadCommand[] {
    const nodeId = nodeIdOf(number)
    return this.step({ type: 'agent.link-closed', linkId: this.links.get(nodeId) ?? 0, nodeId })
  }
  ask(request: Extract<HeadEvent, { type: 'client.request' }>['request'], from: { node?: number; worker?: number } = {}): HeadCommand[] {
    const { node = 1, worker = 1 } = from
    return this.step({
      type: 'client.request',
      from: { nodeId: nodeIdOf(node), workerId: workerIdOf(worker) },
      requestKey: this.#nextKey(),
      request,
    })
  }
  /** Time passes as it does for a head that runs: with a tick at least every 500 ms. */
  tick(afterMs = 100): HeadCommand[] {
    const commands: HeadCommand[] = []
    for (let leftMs = afterMs; leftMs > 0; leftMs -= 500) {
      this.nowMs += Math.min(leftMs, 500)
      commands.push(...this.step({ type: 'tick' }))
    }
    return commands
  }
  /** The head itself stands still, or its clock jumps. */
  pause(forMs: number): HeadCommand[] {
    this.nowMs += forMs
    return this.step({ type: 'tick' })
  }
  /** The head dies and comes back with what it had saved. */
  restart(): HeadCommand[] {
    this.state = createHeadState(this.#config)
    this.links.clear()
    return this.step({ type: 'state.loaded', rows: [...this.rows.values()].map((row) => structuredClone(row)) })
  }
  statusOf(actorId: string): string | undefined {
    return this.state.actors.get(actorId)?.phase.kind
  }
  #nextKey(): number {
    this.#requestKey += 1
    return this.#requestKey
  }
}

export type Sent<T extends ToAgentFromHead['type']> = Extract<ToAgentFromHead, { type: T }>

/** The messages of one type that a step sends, with where they go. */
export function sentOf<T extends ToAgentFromHead['type']>(
  commands: readonly HeadCommand[],
  type: T,
): { nodeId: string; message: Sent<T> }[] {
  return commands.flatMap((command) =>
    command.type === 'send' && command.message.type === type ? [{ nodeId: command.nodeId, message: command.message as Sent<T> }] : [],
  ) // the type field says which it is
}
export const answerOf = (commands: readonly HeadCommand[]): unknown => commands.find((command) => command.type === 'reply')?.value
export const failureOf = (commands: readonly HeadCommand[]): string | undefined => commands.find((command) => command.type === 'fail')?.code
