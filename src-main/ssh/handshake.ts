import type { Duplex } from 'node:stream'
import ssh2 from 'ssh2'
import { ClusterError, toError } from '../../runtime/base/errors.ts'
import type { ConnectIo } from './connect-io.ts'
import { authLate, dialCancelled, handshakeFailed, handshakeLate, passwordExpired } from './dial-errors.ts'
import { checkHostKey, hostKeyOrder, placeOf } from './host-key-check.ts'
import type { SshTarget } from './host-connection.ts'
import { LogIn, type LogInMemory } from './log-in.ts'
import { logInFailed } from './log-in-failed.ts'
import { type PeerGreeting, watchGreeting } from './peer-greeting.ts'
import { PhaseTimer } from './phase-timer.ts'
import type { SshTimeouts } from './timeouts.ts'

type Client = InstanceType<typeof ssh2.Client>
/** `broken`: the link ended without a reason, and trying again may help. `again`: the same way, with what was not tried yet. */
export type HandshakeEnd =
  | { readonly kind: 'connected'; readonly client: Client; readonly stream: Duplex }
  | { readonly kind: 'broken' | 'again' | 'failed'; readonly error: ClusterError }

type HandshakeIo = { readonly target: SshTarget; readonly io: ConnectIo; readonly timeouts: SshTimeouts; readonly memory: LogInMemory }

/** Agrees on keys with a host over a fresh stream, checks who it is, and logs in. Used once. */
export class Handshake {
  readonly #stream: Duplex
  readonly #io: HandshakeIo
  readonly #client: Client = new ssh2.Client()
  readonly #timer = new PhaseTimer()
  readonly #greeting: () => PeerGreeting
  readonly #logIn: LogIn
  #settle: (end: HandshakeEnd) => void = () => {}
  #isOver = false
  #hasKeys = false
  #hostKey: Buffer | undefined
  #openQuestion: Promise<unknown> | undefined
  constructor(stream: Duplex, io: HandshakeIo) {
    this.#stream = stream
    this.#io = io
    this.#greeting = watchGreeting(stream)
    this.#logIn = new LogIn({
      target: io.target,
      questions: io.io.questions,
      memory: io.memory,
      whileAsking: (question) => this.#whileAsking(question),
      isOver: () => this.#isOver,
      onFailed: (error) => this.#end({ kind: 'failed', error }),
    })
  }

  run(): Promise<HandshakeEnd> {
    return new Promise((resolve) => {
      const { target, io, timeouts } = this.#io
      const onAbort = () => {
        this.#isOver = true // also while an answer is waited for
        this.#timer.stop()
        this.#finish({ kind: 'failed', error: dialCancelled(target) })
      }
      this.#settle = (end) => {
        io.signal?.removeEventListener('abort', onAbort)
        resolve(end)
      }
      if (io.signal?.aborted) return onAbort()
      io.signal?.addEventListener('abort', onAbort, { once: true })
      this.#timer.start(timeouts.handshakeMs, () =>
        this.#end({ kind: 'failed', error: handshakeLate(target, this.#greeting(), timeouts.handshakeMs) }),
      )
      this.#listen()
      this.#connect()
    })
  }

  #connect(): void {
    const { target, io, timeouts } = this.#io
    try {
      this.#client.connect({
        sock: this.#stream,
        username: target.user,
        readyTimeout: 0, // ours stop while a person is asked
        keepaliveInterval: timeouts.keepaliveIntervalMs,
        keepaliveCountMax: timeouts.keepaliveMisses,
        algorithms: { serverHostKey: hostKeyOrder(io.knownHosts.knownTypes(placeOf(target))) },
        hostVerifier: (key: Buffer, verify: (isRight: boolean) => void) => this.#verify(key, verify),
        authHandler: this.#logIn.handler,
      })
    } catch (error) {
      this.#fail(error)
    }
  }

  #listen(): void {
    const { target, timeouts } = this.#io
    this.#client
      .on('handshake', () => {
        if (this.#hasKeys) return // keys are changed now and then later on
        this.#hasKeys = true
        this.#timer.start(timeouts.authMs, () => this.#end({ kind: 'failed', error: authLate(target, timeouts.authMs) }))
      })
      .on('ready', () => this.#end({ kind: 'connected', client: this.#client, stream: this.#stream }))
      .on('change password', () => this.#end({ kind: 'failed', error: passwordExpired(target) }))
      .on('error', (error: Error & { level?: string }) => {
        if (error.level !== 'agent') this.#hungUp(error) // one key that cannot sign is not the end
      })
      .on('close', () => this.#hungUp(new Error('the connection ended')))
  }

  /** Called again whenever keys are changed; the host has to stay the same one then. */
  #verify(key: Buffer, verify: (isRight: boolean) => void): void {
    if (this.#hostKey) {
      verify(this.#hostKey.equals(key))
      return
    }
    const { target, io } = this.#io
    const asked = { target, knownHosts: io.knownHosts, questions: io.questions, whileAsking: <T>(q: Promise<T>) => this.#whileAsking(q) }
    checkHostKey(asked, key).then(
      () => {
        this.#hostKey = Buffer.from(key)
        verify(true)
      },
      (error: unknown) => {
        this.#fail(error)
        verify(false)
      },
    )
  }

  #whileAsking<T>(question: Promise<T>): Promise<T> {
    this.#openQuestion = question
    return this.#timer.whilePaused(question).finally(() => {
      this.#openQuestion = undefined
    })
  }

  #hungUp(error: Error): void {
    if (this.#isOver) return
    const { target, memory } = this.#io
    const question = this.#openQuestion
    if (question) {
      // A server waits for a person only so long. The answer still counts: the next connection begins with it.
      this.#isOver = true
      this.#timer.stop()
      const goOn = () => this.#finish({ kind: 'again', error: handshakeFailed(target, error, this.#greeting()).error })
      question.then(goOn, goOn)
      return
    }
    if (this.#hasKeys && /too many authentication failures/i.test(error.message)) {
      this.#logIn.noteTooManyTries()
      this.#end({ kind: 'again', error: logInFailed(target, memory.record) })
      return
    }
    const failed = handshakeFailed(target, error, this.#greeting())
    this.#end({ kind: failed.isBroken ? 'broken' : 'failed', error: failed.error })
  }

  #fail(error: unknown): void {
    const known = error instanceof ClusterError ? error : handshakeFailed(this.#io.target, toError(error), this.#greeting()).error
    this.#end({ kind: 'failed', error: known })
  }

  #end(end: HandshakeEnd): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#timer.stop()
    this.#finish(end)
  }

  #finish(end: HandshakeEnd): void {
    this.#client.removeAllListeners()
    this.#client.on('error', () => {}) // what a link that is given up says on its way out is of no use
    if (end.kind !== 'connected') {
      this.#client.end()
      this.#stream.destroy()
      this.#stream.resume() // a forwarded stream closes only once it is read to its end
    }
    this.#settle(end)
  }
}
