import { randomBelow, seededRandom } from '#runtime/base/random.ts'
import type { HeadEvent } from '#runtime/head/core/events.ts'
import type { SubmissionRequest } from '#runtime/head/core/submission-requests.ts'
import { checkInvariants as checkAgent } from '#runtime/node/core/invariants.ts'
import type { AgentEvent } from '#runtime/node/core/events.ts'
import { registrationOf } from '#runtime/node/core/reporting.ts'
import { type AgentState, createAgentState, defaultCoreSettings } from '#runtime/node/core/state.ts'
import { step as stepAgent } from '#runtime/node/core/step.ts'
import type { SubmissionOutcome } from '#runtime/protocol/jobs.ts'
import type { ToAgentFromHead } from '#runtime/protocol/nodes.ts'
import { factsOf, nodeIdOf } from './builders.ts'
import { JobHead, specOf } from './submission-builders.ts'

type WithoutTime<E> = E extends unknown ? Omit<E, 'nowMs'> : never
type Node = {
  readonly number: number
  readonly cpus: number
  readonly isHead: boolean
  state: AgentState
  isAlive: boolean
  isLinked: boolean
  linkVersion: number
}
type Later = { readonly atMs: number; readonly order: number; readonly act: () => void }
export type Run = {
  readonly submissionId: string
  readonly attempt: number
  readonly node: number
  isOver: boolean
  ended: SubmissionOutcome | null
}

/** How bad it is. Chances are of 1. */
export type Trouble = {
  readonly lost: number
  readonly doubled: number
  readonly broken: number
  readonly headCrash: number
  readonly nodeDeath: number
}

/** A head core and agent cores, with messages between them that are late, lost or doubled, and supervisors that only pretend. */
export class SubmissionWorld {
  readonly head = new JobHead({ maxSubmissionsPerNode: 3, maxRunningSubmissions: 6, settleMs: 500 })
  readonly runs: Run[] = []
  readonly nodes: Node[] = []
  trouble: Trouble
  readonly #random
  #later: Later[] = []
  #order = 0

  constructor(seed: number, trouble: Trouble) {
    this.#random = seededRandom(seed)
    this.trouble = trouble
    for (const [index, cpus] of [2, 4, 4].entries()) this.#addNode({ number: index + 1, cpus, isHead: index === 0 })
  }

  get nowMs(): number {
    return this.head.nowMs
  }

  below(limit: number): number {
    return randomBelow(this.#random, limit)
  }
  happens(share: number): boolean {
    return this.#random() < share
  }

  ask(request: SubmissionRequest): void {
    this.#headStep(this.head.job(request))
  }
  submit(submissionId: string): void {
    const cpus = this.below(3)
    const placement = cpus === 0 ? null : { resources: { CPU: cpus }, labels: [] }
    this.ask({ type: 'submission.submit', spec: specOf(submissionId, { placement, priority: this.below(3) }) })
  }

  /** 50 ms of everything. */
  tick(): void {
    const { trouble } = this
    if (this.happens(trouble.headCrash)) this.#crashHead()
    for (const node of this.nodes) {
      if (!node.isAlive) continue
      if (this.happens(trouble.nodeDeath)) this.#killNode(node)
      else if (node.isLinked && this.happens(trouble.broken)) this.#breakLink(node)
      else if (!node.isLinked && this.happens(0.2)) this.#link(node)
    }
    this.head.nowMs += 50
    this.#headStep(this.head.step({ type: 'tick' }))
    for (const node of this.nodes) if (node.isAlive) this.#agentStep(node, { type: 'tick' })
    const due = this.#later.filter(({ atMs }) => atMs <= this.nowMs).sort((one, other) => one.atMs - other.atMs || one.order - other.order)
    this.#later = this.#later.filter(({ atMs }) => atMs > this.nowMs)
    for (const { act } of due) act()
  }

  /** What was placed on the nodes and not given back. */
  get heldAtNodes(): number {
    return this.nodes.reduce((total, { isAlive, state }) => total + (isAlive ? state.submissions.size : 0), 0)
  }

  #addNode({ number, cpus, isHead }: Pick<Node, 'number' | 'cpus' | 'isHead'>): void {
    const config = {
      ...defaultCoreSettings,
      nodeId: nodeIdOf(number),
      nodeName: `n${number}`,
      agentAddress: '',
      resources: { CPU: cpus },
      labels: {},
      canBeCutOff: true,
      gpuIds: [],
      random: this.#random,
      randomHex: (bytes: number) => '0'.repeat(bytes * 2),
    }
    const node: Node = { number, cpus, isHead, state: createAgentState(config), isAlive: true, isLinked: false, linkVersion: 0 }
    this.nodes.push(node)
    this.#link(node)
  }

  #link(node: Node): void {
    node.isLinked = true
    node.linkVersion += 1
    const { nodeId } = node.state.config
    const facts = { ...factsOf(nodeId, { CPU: node.cpus }), isHead: node.isHead }
    const { available, ...held } = registrationOf(node.state)
    const commands = this.head.join(node.number, { facts, available, ...held })
    this.#agentStep(node, { type: 'head.registered', heartbeatMs: 1_000, deadAfterMs: this.head.state.config.deadAfterMs })
    this.#headStep(commands)
  }

  #breakLink(node: Node): void {
    node.isLinked = false
    node.linkVersion += 1
    this.#headStep(this.head.unlink(node.number))
    this.#agentStep(node, { type: 'head.lost', silentMs: 0 })
  }

  #killNode(node: Node): void {
    if (!node.isAlive) return
    node.isAlive = false
    node.isLinked = false
    for (const run of this.runs) if (run.node === node.number) run.isOver = true // its guard ends its processes
    this.#headStep(this.head.unlink(node.number))
    if (this.nodes.length < 20) this.#addNode({ ...node, number: this.nodes.length + 1 })
  }

  #crashHead(): void {
    for (const node of this.nodes) {
      if (!node.isAlive || !node.isLinked) continue
      node.isLinked = false
      node.linkVersion += 1
      this.#agentStep(node, { type: 'head.lost', silentMs: 0 })
    }
    this.#headStep(this.head.restart())
  }

  #headStep(commands: ReturnType<JobHead['step']>): void {
    for (const command of commands) {
      if (command.type !== 'send') continue
      const node = this.nodes.find(({ state }) => state.config.nodeId === command.nodeId)
      if (node) this.#carry(node, () => this.#toAgent(node, command.message))
    }
  }

  #toAgent(node: Node, message: ToAgentFromHead): void {
    if (message.type === 'cluster.changed' || message.type === 'processes.gone') return
    this.#agentStep(node, { type: 'head.said', message })
  }

  #agentStep(node: Node, event: WithoutTime<AgentEvent>): void {
    const commands = stepAgent(node.state, { ...event, nowMs: this.nowMs } as AgentEvent)
    checkAgent(node.state)
    for (const command of commands) {
      if (command.do === 'tell-head' && node.isLinked) {
        const { message } = command
        this.#carry(node, () => this.#toHead(node, message))
      }
      if (command.do === 'start-submission') this.#startRun(node, command.order)
      if (command.do === 'stop-submission') {
        const run = this.runs.find((each) => each.node === node.number && each.attempt === command.attempt)
        if (run) this.#after(this.below(500), () => this.#endRun(node, run, { kind: 'stopped' }))
      }
      if (command.do === 'start-over') this.#killNode(node)
    }
  }

  #toHead(node: Node, message: Extract<HeadEvent, { type: 'agent.message' }>['message']): void {
    this.#headStep(this.head.say(node.number, message))
  }

  #startRun(node: Node, { submissionId, attempt }: { submissionId: string; attempt: number }): void {
    const run: Run = { submissionId, attempt, node: node.number, isOver: false, ended: null }
    this.runs.push(run)
    this.#after(this.below(1_000), () => {
      if (!run.isOver) this.#agentStep(node, { type: 'submission.running', submissionId, attempt, pid: 7 })
    })
    this.#after(1_000 + this.below(3_000), () => this.#endRun(node, run, { kind: 'exited', exitCode: this.below(2), logTail: '' }))
  }

  #endRun(node: Node, run: Run, outcome: SubmissionOutcome): void {
    if (run.isOver || !node.isAlive) return
    run.isOver = true
    run.ended = outcome
    this.#agentStep(node, { type: 'submission.ended', submissionId: run.submissionId, attempt: run.attempt, outcome })
  }

  /** A message of a link that has broken meanwhile never arrives. */
  #carry(node: Node, deliver: () => void): void {
    const { linkVersion } = node
    const copies = this.happens(this.trouble.doubled) ? 2 : 1
    for (let copy = 0; copy < copies; copy += 1) {
      if (this.happens(this.trouble.lost)) continue
      this.#after(this.below(120), () => {
        if (node.isAlive && node.linkVersion === linkVersion) deliver()
      })
    }
  }

  #after(delayMs: number, act: () => void): void {
    this.#order += 1
    this.#later.push({ atMs: this.nowMs + delayMs, order: this.#order, act })
  }
}
