import type { ConnectIo } from './connect-io.ts'
import { ClusterError, toError } from '../../runtime/base/errors.ts'
import { dialHost } from './dial-host.ts'
import type { HostConnection, Questions, SshTarget } from './host-connection.ts'
import { Slots } from './slots.ts'
import type { SshConnection } from './ssh-connection.ts'

export type PoolState = 'connecting' | 'connected' | 'closed' | 'failed'
export type PoolOptions = {
  readonly io: Omit<ConnectIo, 'signal'>
  /** A connection on which nothing was open for this long is closed. @default 5 minutes */
  readonly idleMs?: number
  /** Called on each change; `error` says why for `failed`, and for a connection that broke. */
  readonly onState?: (change: { target: SshTarget; state: PoolState; error: Error | null }) => void
  /** @default 12 */
  readonly maxConnecting?: number
  /** Of these, through one jump host. @default 6 */
  readonly maxThroughJump?: number
}

/** A question that is answered sooner comes from a store, not from a person. */
const askingMs = 500
/** An attempt that is older says little about a host that may have come back since: the next try of its TCP may lie seconds ahead. */
const freshMs = 1_000

type Entry = {
  readonly target: SshTarget
  readonly giveUp: AbortController
  readonly connecting: Promise<SshConnection>
  readonly begunAtMs: number
  waiters: number
  connection: SshConnection | undefined
}

/**
 * One connection for each host, shared by all who ask, and one to each jump host for all hosts behind it. A dead one is replaced
 * at the next `get`. Whoever gets a connection leaves it open: the pool closes it when nobody uses it.
 */
export class ConnectionPool {
  readonly #options: PoolOptions
  readonly #entries = new Map<string, Entry>()
  readonly #connecting: Slots
  readonly #throughJump = new Map<string, Slots>()
  readonly #idleTimer: NodeJS.Timeout
  readonly #idleMs: number
  #isClosed = false

  constructor(options: PoolOptions) {
    this.#options = options
    this.#connecting = new Slots(options.maxConnecting ?? 12, 'other machines to be connected first')
    this.#idleMs = options.idleMs ?? 300_000
    this.#idleTimer = setInterval(() => this.#closeIdle(), Math.min(15_000, this.#idleMs / 4)).unref()
  }

  /**
   * The connection to a host, made first where there is none. `signal` ends the waiting of this caller; the attempt ends with its
   * last one. Who joins an attempt late and sees it find no host has one that began after it asked.
   * @throws ClusterError as `openConnection` does
   */
  async get(target: SshTarget, signal?: AbortSignal): Promise<HostConnection> {
    return this.#shared(target, signal)
  }

  /** Closes the connection to a host, if there is one. */
  drop(target: SshTarget): void {
    const entry = this.#entries.get(targetKey(target))
    entry?.giveUp.abort()
    entry?.connection?.close()
  }

  close(): void {
    this.#isClosed = true
    clearInterval(this.#idleTimer)
    for (const entry of [...this.#entries.values()].toReversed()) {
      entry.giveUp.abort()
      entry.connection?.close()
    }
  }

  async #shared(target: SshTarget, signal?: AbortSignal): Promise<SshConnection> {
    if (this.#isClosed || signal?.aborted) throw waitEnded(target)
    const key = targetKey(target)
    const before = this.#entries.get(key)
    if (before?.connection && !before.connection.isDown) {
      before.connection.touch()
      return before.connection
    }
    const isUsable = before && !before.connection && !before.giveUp.signal.aborted
    if (!isUsable) return this.#wait(this.#begin(key, target), signal)
    const isLate = performance.now() - before.begunAtMs > freshMs
    try {
      return await this.#wait(before, signal)
    } catch (error) {
      if (!isLate || signal?.aborted || !(error instanceof ClusterError && error.code === 'ssh.unreachable')) throw error
      return this.#shared(target, signal)
    }
  }

  #begin(key: string, target: SshTarget): Entry {
    const giveUp = new AbortController()
    const connecting = this.#connect(target, giveUp.signal)
    const entry: Entry = { target, giveUp, connecting, begunAtMs: performance.now(), waiters: 0, connection: undefined }
    this.#entries.set(key, entry)
    this.#tell(target, 'connecting')
    const forget = () => {
      if (this.#entries.get(key) === entry) this.#entries.delete(key)
    }
    entry.connecting.then(
      (connection) => {
        entry.connection = connection
        this.#tell(target, 'connected')
        void connection.closed.then((error) => {
          forget()
          this.#tell(target, 'closed', error)
        })
        if (giveUp.signal.aborted) connection.close()
      },
      (error: unknown) => {
        forget()
        this.#tell(target, 'failed', toError(error))
      },
    )
    return entry
  }

  async #wait(entry: Entry, signal?: AbortSignal): Promise<SshConnection> {
    entry.waiters += 1
    let stop = () => {}
    const aborted = new Promise<never>((_resolve, reject) => {
      const onAbort = () => reject(waitEnded(entry.target))
      signal?.addEventListener('abort', onAbort, { once: true })
      stop = () => signal?.removeEventListener('abort', onAbort)
    })
    try {
      return await Promise.race([entry.connecting, aborted])
    } finally {
      stop()
      entry.waiters -= 1
      if (entry.waiters === 0 && !entry.connection && signal?.aborted) entry.giveUp.abort()
    }
  }

  /** The hop before comes first and without a place in line: hosts that held all places would wait for it for ever. */
  async #connect(target: SshTarget, signal: AbortSignal): Promise<SshConnection> {
    const last = target.jump.at(-1)
    for (;;) {
      const via = last && (await this.#shared({ ...last, jump: target.jump.slice(0, -1) }, signal))
      const release = await this.#takePlaces(target, signal)
      try {
        if (via?.isDown) continue // it was closed while we stood in line
        const questions = givingWay(this.#options.io.questions, release)
        return await dialHost(target, { ...this.#options.io, questions, signal, onSlow: release }, via)
      } finally {
        release()
      }
    }
  }

  async #takePlaces(target: SshTarget, signal: AbortSignal): Promise<() => void> {
    const releaseJump = target.jump.length > 0 ? await this.#slotsOf(target).take(signal) : () => {}
    try {
      const release = await this.#connecting.take(signal)
      return () => {
        release()
        releaseJump()
      }
    } catch (error) {
      releaseJump()
      throw error
    }
  }

  #slotsOf(target: SshTarget): Slots {
    const key = target.jump.map((hop) => targetKey(hop)).join()
    const found = this.#throughJump.get(key)
    if (found) return found
    const made = new Slots(
      this.#options.maxThroughJump ?? 6,
      `other machines behind ${target.jump.at(-1)?.name ?? 'it'} to be connected first`,
    )
    this.#throughJump.set(key, made)
    return made
  }

  #closeIdle(): void {
    for (const { connection } of this.#entries.values()) {
      if (connection && connection.idleMs >= this.#idleMs) connection.close()
    }
  }

  #tell(target: SshTarget, state: PoolState, error: Error | null = null): void {
    this.#options.onState?.({ target, state, error })
  }
}

/** What makes two targets the same connection. The name is for people only. */
export function targetKey(target: SshTarget): string {
  const { host, port, user, hostKeyAlias, keyFiles, agentSocket, isAgentLimitedToKeyFiles, ways, jump } = target
  const own = [host, port, user, hostKeyAlias, keyFiles, agentSocket, isAgentLimitedToKeyFiles === true, [...ways].toSorted()]
  return JSON.stringify([own, jump.map((hop) => targetKey(hop))])
}

/** While a person is asked, the place in line goes to the next host. */
function givingWay(questions: Questions, release: () => void): Questions {
  const during = async <T>(question: Promise<T>): Promise<T> => {
    const timer = setTimeout(release, askingMs)
    try {
      return await question
    } finally {
      clearTimeout(timer)
    }
  }
  return {
    acceptHostKey: (question) => during(questions.acceptHostKey(question)),
    password: (question) => during(questions.password(question)),
    passphrase: (question) => during(questions.passphrase(question)),
    keyboardInteractive: (question) => during(questions.keyboardInteractive(question)),
  }
}

const waitEnded = (target: SshTarget) =>
  new ClusterError('link.closed', `connecting to ${target.name} was cancelled`, { details: { host: target.host, port: target.port } })
