import { seededRandom } from '#runtime/base/random.ts'
import type { AgentCommand, AgentEvent } from '#runtime/node/core/events.ts'
import { checkInvariants } from '#runtime/node/core/invariants.ts'
import type { FromHead, ToHead, ToOwner } from '#runtime/node/core/messages.ts'
import { type AgentCoreConfig, type AgentState, createAgentState, defaultCoreSettings } from '#runtime/node/core/state.ts'
import { step } from '#runtime/node/core/step.ts'
import type { ActorSpec } from '#runtime/protocol/actors.ts'
import type { WorkerExit } from '#runtime/protocol/failures.ts'
import type { NodeView } from '#runtime/protocol/nodes.ts'
import type { Resources, Shape } from '#runtime/protocol/scheduling.ts'

export const idOf = (digit: string, length = 56): string => digit.repeat(length).slice(0, length)
export const jobId = '00000001'
export const selfId = idOf('a')
export const groupId = `${'9'.repeat(28)}${jobId}`

export const shapeOf = (resources: Resources, more: Partial<Shape> = {}): Shape => ({
  resources,
  labels: [],
  fallbackLabels: [],
  strategy: { kind: 'default' },
  ...more,
})

export function viewOf(
  nodeId: string,
  resources: Resources,
  more: { available?: Resources; labels?: Record<string, string> } = {},
): NodeView {
  return {
    facts: {
      nodeId,
      agentAddress: `${nodeId.slice(0, 4)}.example:7000`,
      hostname: nodeId.slice(0, 4),
      pid: 1,
      isHead: false,
      resources,
      labels: more.labels ?? {},
      objectStoreBytes: 0,
      startedAtMs: 0,
      nodeName: '',
      version: '0',
    },
    available: more.available ?? resources,
    storeUsedBytes: 0,
    state: 'alive',
    deathReason: '',
    diedAtMs: 0,
  }
}

export function actorSpecOf(actorDigit: string, more: Partial<ActorSpec> = {}): ActorSpec {
  return {
    actorId: actorDigit.repeat(24).slice(0, 24) + jobId,
    jobId,
    owner: { workerId: idOf('d'), nodeId: selfId, socketPath: '/s/d.sock', agentAddress: '' },
    classId: 'c'.repeat(64),
    className: 'Counter',
    name: null,
    namespace: 'test',
    detached: false,
    args: new Uint8Array(),
    refArgs: [],
    shape: shapeOf({ CPU: 1 }),
    heldResources: {},
    maxRestarts: 0,
    maxTaskRetries: 0,
    maxConcurrency: 1,
    concurrencyGroups: {},
    methodGroups: {},
    maxPendingCalls: -1,
    methodReturns: {},
    methodNames: [],
    ...more,
  }
}

export const exitOf = (more: Partial<WorkerExit> = {}): WorkerExit => ({
  exitCode: 1,
  signal: null,
  pid: 7,
  reason: null,
  lastLines: [],
  ...more,
})

/** An agent core with its time, and a place for its commands. Workers become ready when told to. */
export class AgentHarness {
  readonly state: AgentState
  nowMs = 1_000
  /** Commands of the last event. */
  last: AgentCommand[] = []

  constructor(resources: Resources, more: Partial<AgentCoreConfig> = {}) {
    const random = seededRandom(7)
    let counter = 0
    this.state = createAgentState({
      ...defaultCoreSettings,
      nodeId: selfId,
      nodeName: 'self',
      agentAddress: 'self.example:7000',
      resources,
      labels: {},
      gpuIds: [],
      canBeCutOff: true,
      random,
      randomHex: (bytes) => (counter += 1).toString(16).padStart(bytes * 2, '0'),
      ...more,
    })
  }

  send(event: DistributiveOmit<AgentEvent, 'nowMs'>): AgentCommand[] {
    this.last = step(this.state, { ...event, nowMs: this.nowMs })
    checkInvariants(this.state)
    return this.last
  }

  head(message: FromHead): AgentCommand[] {
    return this.send({ type: 'head.said', message })
  }

  request(requestId: string, more: { owner?: string; shape?: Shape; spills?: number; retriable?: boolean } = {}): AgentCommand[] {
    const ownerId = more.owner ?? idOf('d')
    const shape = more.shape ?? shapeOf({ CPU: 1 })
    return this.send({
      type: 'owner.said',
      message: {
        type: 'lease.request',
        requestId,
        ownerId,
        jobId,
        shape,
        spills: more.spills ?? 0,
        backlog: 1,
        retriable: more.retriable ?? true,
      },
    })
  }

  /** Lets every process that starts become ready; returns all commands on the way. */
  startWorkers(): AgentCommand[] {
    const all: AgentCommand[] = [...this.last]
    for (;;) {
      const starting = [...this.state.workers.values()].find((worker) => worker.phase.kind === 'starting' && !worker.ending)
      if (!starting) return all
      all.push(...this.send({ type: 'worker.ready', workerId: starting.workerId, socketPath: `/s/w-${starting.workerId.slice(-4)}.sock` }))
    }
  }

  tick(byMs: number): AgentCommand[] {
    this.nowMs += byMs
    return this.send({ type: 'tick' })
  }

  exit(workerId: string, more: Partial<WorkerExit> = {}): AgentCommand[] {
    return this.send({ type: 'worker.exited', workerId, exit: exitOf(more) })
  }
}

export const toOwner = <Type extends ToOwner['type']>(commands: readonly AgentCommand[], type: Type): Extract<ToOwner, { type: Type }>[] =>
  commands.flatMap((command) =>
    command.do === 'tell-owner' && command.message.type === type ? [command.message as Extract<ToOwner, { type: Type }>] : [],
  ) // the type was compared
export const toHead = <Type extends ToHead['type']>(commands: readonly AgentCommand[], type: Type): Extract<ToHead, { type: Type }>[] =>
  commands.flatMap((command) =>
    command.do === 'tell-head' && command.message.type === type ? [command.message as Extract<ToHead, { type: Type }>] : [],
  ) // the type was compared
export const doing = <Do extends AgentCommand['do']>(commands: readonly AgentCommand[], what: Do): Extract<AgentCommand, { do: Do }>[] =>
  commands.filter((command): command is Extract<AgentCommand, { do: Do }> => command.do === what)

type DistributiveOmit<Type, Key extends PropertyKey> = Type extends unknown ? Omit<Type, Key> : never
