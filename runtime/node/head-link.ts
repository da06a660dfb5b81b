import * as z from 'zod'
import { ClusterError, toError } from '../base/errors.ts'
import type { NodeId } from '../base/ids.ts'
import type { Logger } from '../base/logger.ts'
import { backoffMs } from '../base/random.ts'
import { type HeadAsk, headAsks } from '../protocol/head-asks.ts'
import { NodeRegistered, type NodeRegister, toAgentFromHead } from '../protocol/nodes.ts'
import { dialTls, dialUnix, type Dialed } from '../transport/dial.ts'
import type { Identity } from '../transport/identity.ts'
import type { Link, MessageOf } from '../transport/link.ts'
import type { HeadTarget } from './addresses.ts'

export type FromHeadLink = MessageOf<typeof toAgentFromHead>
export type HeadLinkIo = {
  readonly target: HeadTarget
  readonly nodeId: NodeId
  readonly version: string
  readonly identity: Identity | undefined
  readonly logger: Logger
  /** What we hold now. */
  readonly registration: () => NodeRegister
  /** Called before any message of the new link. */
  readonly onRegistered: (answer: z.infer<typeof NodeRegistered>) => void
  readonly onFenced: () => void
  readonly onMessage: (message: FromHeadLink) => void
  /** Answers a request of the head. */
  readonly onRequest: (message: { readonly type: string }) => unknown
  /** `silentMs`: for so long before nothing had come. */
  readonly onLost: (silentMs: number) => void
  /** A new link could not be made. `isRefused`: the head's machine answered, and nobody listens there. */
  readonly onUnreachable: (isRefused: boolean) => void
  /** How often the first registration is tried. @default 21 times, over about a minute */
  readonly firstAttempts?: number
  /** How long a request waits for the head to come back. @default 30 s */
  readonly patienceMs?: number
}

const defaultPatienceMs = 30_000
const defaultFirstAttempts = 21
const retry = { baseMs: 50, maxMs: 5_000 }
const registerTimeoutMs = 10_000
const waiterLimit = 100_000
const unsentLimit = 100_000

/** The link to the head: made again whenever it breaks, registered each time. */
export class HeadLink {
  readonly #io: HeadLinkIo
  #link: Link | undefined
  #isRegistered = false
  /** Set while a registration is under way. */
  #unsent: object[] | undefined
  #isClosed = false
  #waiters = new Set<(link: Link | undefined) => void>()
  #wakeUp: (() => void) | undefined

  constructor(io: HeadLinkIo) {
    this.#io = io
  }

  /**
   * Resolves when the head has taken our first registration; from then on the link heals itself.
   * @throws what the first attempt ran into, when it is not worth trying again: wrong cluster, wrong version.
   */
  async start(): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        const link = await this.#connect()
        void this.#stay(link)
        return
      } catch (thrown) {
        const error = toError(thrown)
        const isHopeless = error instanceof ClusterError && !error.retryable
        const attempts = this.#io.firstAttempts ?? defaultFirstAttempts
        if (isHopeless || attempt + 1 >= attempts || this.#isClosed) throw error
        await this.#sleep(backoffMs(attempt, retry, Math.random))
      }
    }
  }

  get isConnected(): boolean {
    return this.#link !== undefined && this.#isRegistered
  }

  /**
   * One-way; dropped while the head is away, as registering again says it all. What happens after a registration was written,
   * and before the head has taken it, is not in it: that waits.
   */
  send(message: object): void {
    if (this.isConnected) this.#link?.send(message)
    else if (this.#unsent && this.#unsent.length < unsentLimit) this.#unsent.push(message)
  }

  /**
   * Passes a request on and gives its answer. While the head is away it waits, and it is sent again when the link breaks:
   * every request of the protocol may be repeated.
   * @throws ClusterError `head.unavailable` after the patience, or what the head answered.
   */
  async request(message: object): Promise<unknown> {
    const untilMs = performance.now() + (this.#io.patienceMs ?? defaultPatienceMs)
    for (;;) {
      const link = await this.#usable(untilMs - performance.now())
      if (!link) throw unavailable(this.#io.patienceMs ?? defaultPatienceMs)
      try {
        return await link.request(message, { reply: z.unknown() })
      } catch (error) {
        if (!link.isClosed || !(error instanceof ClusterError) || error.code !== 'link.closed') throw error
      }
    }
  }

  close(): void {
    this.#isClosed = true
    this.#wakeUp?.()
    this.#link?.close('the agent ends')
    this.#wakeWaiters(undefined)
  }

  async #connect(): Promise<Link> {
    const dialed = await this.#dial()
    const link = dialed.link({ incoming: { ...toAgentFromHead, ...headAsks }, logger: this.#io.logger, peer: 'head' })
    let early: FromHeadLink[] | undefined = []
    link.onRequest((message) => this.#io.onRequest(message))
    link.onMessage((message) => {
      if (isHeadAsk(message)) throw new ClusterError('protocol.violation', `${message.type} must be sent as a request`)
      if (early) early.push(message)
      else this.#io.onMessage(message)
    })
    const unsent: object[] = []
    this.#unsent = unsent
    const answer = await this.#register(link)
    this.#link = link
    this.#isRegistered = true
    this.#io.logger.info('head.registered', { clusterId: answer.clusterId })
    for (const message of unsent) link.send(message)
    this.#unsent = undefined
    this.#io.onRegistered(answer)
    const waiting = early
    early = undefined
    for (const message of waiting) this.#io.onMessage(message)
    this.#wakeWaiters(link)
    return link
  }

  /** @throws what the head refused us with, or that the agent ends; the link is closed then. */
  async #register(link: Link): Promise<z.infer<typeof NodeRegistered>> {
    try {
      const answer = await link.request(this.#io.registration(), { reply: NodeRegistered, timeoutMs: registerTimeoutMs })
      if (this.#isClosed) throw new ClusterError('link.closed', 'the agent ends')
      if (!answer.fenced) return answer
      this.#io.onFenced()
      throw new ClusterError('auth.refused', `the head has declared node ${this.#io.nodeId} dead; it has to start over`, {
        details: { fenced: 1 },
      })
    } catch (error) {
      link.close('not registered')
      this.#unsent = undefined
      throw error
    }
  }

  #dial(): Promise<Dialed> {
    const { target, nodeId, version, identity } = this.#io
    const options = { hello: { role: 'agent', nodeId, version } } as const
    if (target.kind === 'unix') return dialUnix(target.path, options)
    if (!identity)
      throw new ClusterError('auth.refused', `the head at ${target.host} can only be reached with a certificate; join the cluster first`)
    return dialTls({ host: target.host, port: target.port, identity }, options)
  }

  /** Keeps the link up until `close`. */
  async #stay(first: Link): Promise<void> {
    let link: Link | undefined = first
    for (let attempt = 0; !this.#isClosed; attempt += 1) {
      if (link) {
        const end = await link.closed
        attempt = 0
        this.#link = undefined
        this.#isRegistered = false
        if (this.#isClosed) return
        this.#io.logger.warn('head.lost', { reason: end.reason })
        this.#io.onLost(end.silentMs ?? 0)
      }
      await this.#sleep(backoffMs(attempt, retry, Math.random))
      if (this.#isClosed) return
      link = await this.#connect().catch((thrown: unknown) => {
        const error = toError(thrown)
        this.#io.logger.info('head.unreachable', { reason: error.message, attempt })
        this.#io.onUnreachable(isRefusal(error))
        return undefined
      })
    }
  }

  #usable(waitMs: number): Promise<Link | undefined> {
    if (this.#link && this.#isRegistered) return Promise.resolve(this.#link)
    if (waitMs <= 0 || this.#isClosed || this.#waiters.size >= waiterLimit) return Promise.resolve(undefined)
    return new Promise((resolve) => {
      const settle = (link: Link | undefined) => {
        clearTimeout(timer)
        this.#waiters.delete(settle)
        resolve(link)
      }
      const timer = setTimeout(() => settle(undefined), waitMs)
      this.#waiters.add(settle)
    })
  }

  #wakeWaiters(link: Link | undefined): void {
    for (const waiter of [...this.#waiters]) waiter(link)
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.#wakeUp = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

const isHeadAsk = (message: FromHeadLink | HeadAsk): message is HeadAsk => Object.hasOwn(headAsks, message.type)
/** A machine that is cut off, or whose head hangs, does not answer at all. */
const isRefusal = ({ cause }: Error): boolean => cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED'

const unavailable = (waitedMs: number) =>
  new ClusterError('head.unavailable', `the head of the cluster did not come back within ${waitedMs} ms; try again later`, {
    details: { waitedMs },
  })
