import type { Duplex } from 'node:stream'
import type ssh2 from 'ssh2'
import type { ClientChannel } from 'ssh2'
import { ClusterError, toError } from '../../runtime/base/errors.ts'
import { dialCancelled, isForbidden, jumpFailed, noAnswer } from './dial-errors.ts'
import type { ExecOptions, ExecResult, HostConnection, ShellOptions, ShellSession, SshTarget, UploadOptions } from './host-connection.ts'
import type { OpenOptions } from './open-tcp.ts'
import { runCommand } from './run-command.ts'
import { runScript } from './run-script.ts'
import { openShell } from './shell-session.ts'
import { Slots } from './slots.ts'
import type { ChannelDone, Exit, Opener, Session, SshLink } from './ssh-link.ts'
import type { SshTimeouts } from './timeouts.ts'
import { TunnelStream } from './tunnel-stream.ts'
import { uploadFile } from './upload.ts'

type Client = InstanceType<typeof ssh2.Client>

/** A default sshd allows 10 sessions on a connection; two are left to whoever else shares it. Forwarding is not limited. */
const maxSessions = 8

/** A host that we are logged in to. */
export class SshConnection implements HostConnection, SshLink {
  readonly target: SshTarget
  readonly timeouts: SshTimeouts
  readonly closed: Promise<Error | null>
  readonly #client: Client
  readonly #stream: Duplex
  readonly #slots: Slots
  readonly #downListeners = new Set<(error: ClusterError) => void>()
  readonly #uploads = new Map<string, Promise<void>>()
  #resolveClosed: (error: Error | null) => void = () => {}
  #down: ClusterError | undefined
  #isOurs = false
  #lastError: Error | undefined
  #channels = 0
  #usedAtMs = performance.now()

  constructor(client: Client, options: { target: SshTarget; timeouts: SshTimeouts; stream: Duplex }) {
    this.#client = client
    this.#stream = options.stream
    this.target = options.target
    this.timeouts = options.timeouts
    this.#slots = new Slots(maxSessions, `a free session on ${options.target.name}`)
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve
    })
    client.on('error', (error) => {
      this.#lastError = error
      if (/keepalive/i.test(error.message)) this.#wentDown() // the stream may take its time to close
    })
    client.on('close', () => this.#wentDown())
    client.on('end', () => this.#wentDown())
  }

  /** How long nothing has been open on it; 0 while something is. */
  get idleMs(): number {
    return this.#channels > 0 || this.#slots.taken > 0 ? 0 : performance.now() - this.#usedAtMs
  }
  get isDown(): boolean {
    return this.#down !== undefined
  }

  /** Counts as use, so that a pool does not close it right away. */
  touch(): void {
    this.#usedAtMs = performance.now()
  }

  exec(command: string, options: ExecOptions = {}): Promise<ExecResult> {
    return runCommand(this, command, options)
  }

  script(text: string, args: readonly string[] = [], options: Omit<ExecOptions, 'stdin'> = {}): Promise<ExecResult> {
    return runScript(this, { text, args }, options)
  }

  /** Uploads to one path go one after the other, so that two callers with the same file share the work. */
  async upload(localPath: string, remotePath: string, options: UploadOptions): Promise<void> {
    const before = this.#uploads.get(remotePath)
    const mine = (before ?? Promise.resolve()).catch(() => {}).then(() => uploadFile(this, { localPath, remotePath }, options))
    this.#uploads.set(remotePath, mine)
    try {
      await mine
    } finally {
      if (this.#uploads.get(remotePath) === mine) this.#uploads.delete(remotePath)
    }
  }

  async openTunnel(host: string, port: number): Promise<Duplex> {
    try {
      return new TunnelStream(await this.#forward(host, port), this)
    } catch (error) {
      if (error instanceof ClusterError) throw error
      throw tunnelRefused(this.target, { host, port }, toError(error))
    }
  }

  openShell(options: ShellOptions): Promise<ShellSession> {
    return openShell(this, options)
  }

  /** The way on to the next host. */
  async openHop(target: SshTarget, { limitMs, signal }: OpenOptions): Promise<Duplex> {
    const opening = this.#forward(target.host, target.port)
    const { late, stop } = giveUpAfter(target, { limitMs, ...(signal ? { signal } : {}) })
    try {
      return await Promise.race([opening, late])
    } catch (error) {
      opening.then(
        (channel) => channel.destroy().resume(),
        () => {}, // it is this very error, or came after we gave up
      )
      throw error instanceof ClusterError ? error : jumpFailed(target, this.target, error)
    } finally {
      stop()
    }
  }

  close(): void {
    if (this.#down) return
    this.#isOurs = true
    this.#client.end()
    // A peer that is frozen never answers, and ends only by its stream.
    setTimeout(() => this.#stream.destroy(), 1_000).unref()
    this.#wentDown()
  }

  async openSession(open: Opener, signal?: AbortSignal): Promise<Session> {
    for (;;) {
      const release = await this.#slots.take(signal)
      const others = this.#slots.taken - 1
      try {
        let exit: Exit | undefined
        const channel = await this.#openChannel((done) =>
          open(this.#client, (error, opened) => {
            opened?.once('exit', (code: number | null, name?: string) => {
              exit = { code, signal: name ?? null }
            })
            done(error, opened)
          }),
        )
        return { channel, release, exit: () => exit }
      } catch (error) {
        release()
        if (error instanceof ClusterError) throw error
        if (others === 0) throw sessionRefused(this.target, toError(error))
        this.#slots.lower(others) // it allows fewer than usual; wait for one of the others to end
      }
    }
  }

  onDown(listener: (error: ClusterError) => void): () => void {
    if (this.#down) {
      listener(this.#down)
      return () => {}
    }
    this.#downListeners.add(listener)
    return () => this.#downListeners.delete(listener)
  }

  #forward(host: string, port: number): Promise<ClientChannel> {
    return this.#openChannel((done) => this.#client.forwardOut('127.0.0.1', 0, host, port, done))
  }

  #openChannel(open: (done: ChannelDone) => void): Promise<ClientChannel> {
    if (this.#down) return Promise.reject(this.#down)
    return new Promise((resolve, reject) => {
      const stopListening = this.onDown(reject)
      const done: ChannelDone = (error, channel) => {
        stopListening()
        if (!channel) return reject(this.#down ?? error)
        this.#channels += 1
        channel.once('close', () => {
          this.#channels -= 1
          this.touch()
        })
        return resolve(channel)
      }
      try {
        open(done)
      } catch (error) {
        // ssh2 throws when its stream is closed already, a moment before it says so by an event.
        stopListening()
        reject(this.#down ?? connectionLost(this.target, toError(error)))
      }
    })
  }

  #wentDown(): void {
    if (this.#down) return
    this.#down = this.#isOurs ? connectionClosed(this.target) : connectionLost(this.target, this.#lastError)
    this.#resolveClosed(this.#isOurs ? null : this.#down)
    if (!this.#isOurs) this.#stream.destroy()
    this.#stream.resume() // a forwarded stream closes only once it is read to its end
    for (const listener of [...this.#downListeners]) listener(this.#down)
    this.#downListeners.clear()
  }
}

function giveUpAfter(target: SshTarget, { limitMs, signal }: OpenOptions): { late: Promise<never>; stop: () => void } {
  let stop = () => {}
  const late = new Promise<never>((_resolve, reject) => {
    const onAbort = () => reject(dialCancelled(target))
    const timer = setTimeout(() => reject(noAnswer(target, limitMs)), limitMs)
    signal?.addEventListener('abort', onAbort, { once: true })
    stop = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
    }
  })
  return { late, stop }
}

const where = (target: SshTarget) => `${target.name} (${target.host}:${target.port})`

function connectionLost(target: SshTarget, cause: Error | undefined): ClusterError {
  const said = cause?.message ?? ''
  const why = /keepalive/i.test(said)
    ? 'it gave no sign of life; see that it is switched on, and that the network between is whole'
    : /^$|EPIPE|ECONNRESET|ended by the other/i.test(said)
      ? 'that side ended it, as when its sshd or the machine is started again'
      : said
  return new ClusterError(
    'ssh.connection-lost',
    `the SSH connection to ${where(target)} was lost: ${why}. What ran there may go on or not; connect again and look.`,
    {
      details: { host: target.host, port: target.port },
      ...(cause ? { cause } : {}),
    },
  )
}

const connectionClosed = (target: SshTarget) =>
  new ClusterError('link.closed', `the SSH connection to ${where(target)} was closed here`, {
    details: { host: target.host, port: target.port },
  })

const sessionRefused = (target: SshTarget, cause: Error) =>
  new ClusterError(
    'too-many-requests',
    `${where(target)} opens no session for a command: ${cause.message}. Commands that hang there may hold them all (MaxSessions in its sshd_config); end those, or connect anew.`,
    { details: { host: target.host, port: target.port }, cause },
  )

function tunnelRefused(target: SshTarget, to: { host: string; port: number }, cause: Error): ClusterError {
  const said = cause.message.replace('(SSH) Channel open failure: ', '') || 'no reason given'
  const remedy = isForbidden(cause)
    ? 'Its sshd does not forward: set AllowTcpForwarding yes in its sshd_config.'
    : `Check that something listens on ${to.host}:${to.port} there.`
  return new ClusterError('ssh.tunnel-refused', `${where(target)} gave no connection to ${to.host}:${to.port}: ${said}. ${remedy}`, {
    details: { host: target.host, port: target.port, toHost: to.host, toPort: to.port },
    cause,
  })
}
