import type * as z from 'zod'
import type { Clock } from '../base/clock.ts'
import { ClusterError } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import { headRequests, type HeadRequest } from '../protocol/clients.ts'
import { type AgentRequest, agentRequests } from '../protocol/jobs.ts'
import { LogsPush, type LogsPushed } from '../protocol/logs.ts'
import { WorkerEnded } from '../protocol/inspect.ts'
import { NodeMetrics } from '../protocol/metrics.ts'
import { NodeRegister, toHeadFromAgent } from '../protocol/nodes.ts'
import type { HeadAsk } from '../protocol/head-asks.ts'
import type { Link } from '../transport/link.ts'
import type { HeadConfig } from './core/config.ts'
import type { CoreRequest, HeadCommand, HeadEvent, ShellRequest } from './core/events.ts'
import { createHeadState, type HeadState } from './core/state.ts'
import { step } from './core/step.ts'
import type { SubmissionRequest } from './core/submission-requests.ts'
import type { History } from './history/history.ts'
import { Outbox } from './outbox.ts'
import { ownBytes } from './own-bytes.ts'
import type { HeadStore, RowChange } from './store.ts'

/** Everything an agent may send to the head on its link. */
export const fromAgent = {
  ...toHeadFromAgent,
  'node.register': NodeRegister,
  'node.metrics': NodeMetrics,
  'worker.ended': WorkerEnded,
  'logs.push': LogsPush,
  ...headRequests,
  ...agentRequests,
} as const
export type FromAgent = z.infer<(typeof fromAgent)[keyof typeof fromAgent]>

export type HeadOptions = {
  readonly config: HeadConfig
  readonly store: HeadStore
  readonly events: Pick<History, 'append' | 'store' | 'readBatches'>
  readonly clock: Clock
  readonly logger: Logger
  /** @default 50 ms */
  readonly tickMs?: number
}

export type AskOptions<T> = { readonly reply: z.ZodType<T>; readonly timeoutMs?: number }

type Waiting = { readonly isRead: boolean; resolve(value: unknown): void; reject(error: Error): void }
type EventBody = HeadEvent extends infer E ? (E extends HeadEvent ? Omit<E, 'nowMs'> : never) : never

/** Requests that change nothing: they are answered even while the disk is full. */
const readRequests: ReadonlySet<string> = new Set([
  'actor.find',
  'actor.names',
  'actor.watch',
  'group.watch',
  'group.table',
  'cluster.nodes',
  'cluster.demand',
])

/** The head's shell: hands every event to the core, makes what it decided durable, then carries it out. Decides nothing. */
export class Head {
  readonly #options: HeadOptions
  readonly #state: HeadState
  readonly #outbox: Outbox
  readonly #links = new Map<number, { link: Link<FromAgent>; nodeId: string }>()
  readonly #linkOfNode = new Map<string, Link<FromAgent>>()
  readonly #waiting = new Map<number, Waiting>()
  readonly #ticker: NodeJS.Timeout
  /** Answers what agents ask for themselves. */
  onAgentRequest: ((request: AgentRequest, nodeId: string) => unknown) | undefined
  /** Keeps the newest part of a log, and says how much it has. */
  onLogsPush: ((push: LogsPush) => LogsPushed) | undefined
  /** Hears of each submitted job that came, changed or went, once that is durable. */
  onSubmission: ((submissionId: string) => void) | undefined
  /** Hears of each process of a node that ended. */
  onWorkerEnded: ((nodeId: string, ended: WorkerEnded) => void) | undefined
  /** Takes the load of each machine as it comes. */
  onMetrics: ((metrics: NodeMetrics) => void) | undefined
  /** Hears of what the core noted for people, once it is durable. */
  onNote: ((event: string, fields: Readonly<Record<string, string | number>>) => void) | undefined
  #nextLinkId = 1
  #nextRequestKey = 1

  constructor(options: HeadOptions) {
    this.#options = options
    this.#state = createHeadState(options.config)
    const { store, logger, clock } = options
    this.#outbox = new Outbox({
      ...{ store, logger, clock },
      perform: (command) => this.#perform(command),
      isRead: (requestKey) => this.#waiting.get(requestKey)?.isRead ?? true,
    })
    this.#take({ type: 'state.loaded', rows: options.store.loadRows() })
    this.#outbox.flush()
    this.#ticker = setInterval(() => this.#take({ type: 'tick' }), options.tickMs ?? 50)
  }

  /** Serves an agent. `nodeId` is who it proved, or on this machine says, to be. The link closes when the agent breaks that. */
  attach(link: Link<FromAgent>, nodeId: string): void {
    const linkId = this.#nextLinkId
    this.#nextLinkId += 1
    this.#links.set(linkId, { link, nodeId })
    link.onRequest((message) => {
      if (message.type === 'node.register') return this.#register(linkId, nodeId, message)
      if (isHeadRequest(message)) return this.#answer(nodeId, message)
      if (isAgentRequest(message) && this.onAgentRequest) return this.onAgentRequest(message, nodeId)
      if (message.type === 'logs.push') return this.#takeLogs(nodeId, message)
      if (message.type === 'events.batch') return this.#options.events.store(message)
      if (message.type === 'worker.ended') return this.onWorkerEnded?.(nodeId, message)
      throw new ClusterError('protocol.violation', `${message.type} is not a request`)
    })
    link.onMessage((message) => {
      if (message.type === 'events.batch') return this.#options.events.append(message)
      if (message.type === 'worker.ended') return this.onWorkerEnded?.(nodeId, message)
      if (message.type === 'node.metrics') return this.onMetrics?.({ ...message, nodeId })
      if (message.type === 'actor.out-of-scope') return void this.#ask(nodeId, message).catch(() => {}) // one-way: nobody waits for the answer
      if (message.type === 'node.register' || message.type === 'logs.push' || isHeadRequest(message) || isAgentRequest(message)) {
        throw new ClusterError('protocol.violation', `${message.type} must be sent as a request`)
      }
      this.#take({ type: 'agent.message', linkId, nodeId, message: message.type === 'actor.start-failed' ? ownBytes(message) : message })
    })
    void link.closed.then(({ code, reason }) => {
      this.#links.delete(linkId)
      if (this.#linkOfNode.get(nodeId) === link) this.#linkOfNode.delete(nodeId)
      this.#options.logger.info('agent.link-closed', { nodeId, linkId, code, reason })
      this.#take({ type: 'agent.link-closed', linkId, nodeId })
    })
  }

  /** The node takes no new work, and leaves when it has none left, or at `deadlineMs`. 0: no deadline. */
  drainNode(nodeId: string, reason: string, deadlineMs: number): void {
    this.#take({ type: 'node.drain', nodeId, reason, deadlineMs })
  }

  /** All that the core knows, to read; it changes with the next event. */
  get state(): HeadState {
    return this.#state
  }

  /**
   * Asks the agent of a node.
   * @throws ClusterError `node.unreachable` when it has no link now, `timeout`, or what the agent answered.
   */
  async askNode<T>(nodeId: string, ask: HeadAsk, { reply, timeoutMs = 10_000 }: AskOptions<T>): Promise<T> {
    const link = this.#linkOfNode.get(nodeId)
    if (link === undefined) {
      throw new ClusterError('node.unreachable', `node ${nodeId} has no link to the head now; it is dead, or on its way back`)
    }
    return link.request(ask, { reply, timeoutMs })
  }

  /** Calls `listener` with what became durable, in the order in which it happened. */
  onSaved(listener: (changes: readonly RowChange[]) => void): void {
    const others = this.#outbox.onSaved
    this.#outbox.onSaved = (changes) => {
      others?.(changes)
      listener(changes)
    }
  }

  /** Answers as if a client had asked through the agent of `nodeId`. @throws ClusterError as the request says. */
  request(nodeId: string, request: HeadRequest): Promise<unknown> {
    return Promise.resolve(this.#answer(nodeId, request))
  }

  /** Submits, stops or removes a job. @throws ClusterError `already-exists`, `not-found`, `wrong-state`, `limit.reached`, `store.disk-full`. */
  submission(request: SubmissionRequest): Promise<unknown> {
    return this.#ask('', request)
  }

  /** Writes what is decided, then closes every link. The store stays open: its owner closes it. */
  close(): void {
    clearInterval(this.#ticker)
    this.#outbox.flush()
    for (const { link } of this.#links.values()) link.close('the head stops')
  }

  #takeLogs(nodeId: string, push: LogsPush): LogsPushed {
    if (this.onLogsPush) return this.onLogsPush({ ...push, nodeId })
    throw new ClusterError('not-supported', 'this head keeps no logs: it serves no HTTP API')
  }

  #take(body: EventBody): void {
    this.#outbox.add(step(this.#state, { ...body, nowMs: this.#options.clock.nowMs() }))
  }

  /** Answered at once, so that the answer leaves before whatever else this node is told. */
  #register(linkId: number, nodeId: string, register: z.infer<typeof NodeRegister>): unknown {
    if (register.facts.nodeId !== nodeId) {
      throw new ClusterError('auth.refused', `node ${nodeId} tried to register as ${register.facts.nodeId}`)
    }
    const link = this.#links.get(linkId)?.link
    if (link === undefined) throw new ClusterError('link.closed', 'the link closed meanwhile')
    this.#outbox.flush() // what was meant for an older link of this node must not go to this one
    const requestKey = this.#newKey()
    const commands = step(this.#state, { type: 'agent.registered', linkId, requestKey, register, nowMs: this.#options.clock.nowMs() })
    const answer = commands.find((command) => (command.type === 'reply' || command.type === 'fail') && command.requestKey === requestKey)
    if (answer?.type === 'fail') throw new ClusterError(answer.code, answer.message, { details: answer.details })
    this.#linkOfNode.set(nodeId, link)
    this.#outbox.add(commands.filter((command) => command !== answer))
    this.#outbox.commit()
    return answer?.type === 'reply' ? answer.value : undefined
  }

  #answer(nodeId: string, request: HeadRequest): unknown {
    return isShellRequest(request) ? this.#serve(request) : this.#ask(nodeId, request)
  }

  #ask(nodeId: string, request: CoreRequest): Promise<unknown> {
    const refusal = this.#outbox.refusal
    const isRead = readRequests.has(request.type)
    if (refusal !== undefined && !isRead) return Promise.reject(refusal)
    const requestKey = this.#newKey()
    const answered = new Promise((resolve, reject) => void this.#waiting.set(requestKey, { isRead, resolve, reject }))
    this.#take({
      type: 'client.request',
      from: { nodeId },
      requestKey,
      request: request.type === 'actor.create' ? ownBytes(request) : request,
    })
    return answered
  }

  #serve(request: ShellRequest): unknown {
    const { store, events } = this.#options
    switch (request.type) {
      case 'kv.put':
        return { added: store.putValue(request.key, request.value, request.overwrite) }
      case 'kv.get':
        return { value: store.findValue(request.key) ?? null }
      case 'kv.delete':
        store.deleteValue(request.key)
        return null
      case 'kv.keys':
        return store.listKeys(request.prefix)
      case 'events.read':
        return events.readBatches(request)
    }
  }

  #perform(command: Exclude<HeadCommand, { type: 'save' | 'delete' }>): void {
    switch (command.type) {
      case 'send':
        return void this.#linkOfNode.get(command.nodeId)?.send(command.message)
      case 'reply':
        return this.#settle(command.requestKey, ({ resolve }) => resolve(command.value))
      case 'fail': {
        const { code, message, details } = command
        return this.#settle(command.requestKey, ({ reject }) => reject(new ClusterError(code, message, { details })))
      }
      case 'close-link':
        return this.#links.get(command.linkId)?.link.close('the head is done with this link')
      case 'submission-changed':
        return this.onSubmission?.(command.submissionId)
      case 'note':
        this.#options.logger.info(command.event, command.fields)
        return this.onNote?.(command.event, command.fields)
    }
  }

  #settle(requestKey: number, settle: (waiting: Waiting) => void): void {
    const waiting = this.#waiting.get(requestKey)
    this.#waiting.delete(requestKey)
    if (waiting) settle(waiting)
  }

  #newKey(): number {
    this.#nextRequestKey += 1
    return this.#nextRequestKey
  }
}

const isHeadRequest = (message: FromAgent): message is HeadRequest => Object.hasOwn(headRequests, message.type)
const isAgentRequest = (message: FromAgent): message is AgentRequest => Object.hasOwn(agentRequests, message.type)
const isShellRequest = (request: HeadRequest): request is ShellRequest => request.type.startsWith('kv.') || request.type === 'events.read'
