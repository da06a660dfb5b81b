import { Readable } from 'node:stream'
import type { ClientChannel } from 'ssh2'
import { ClusterError } from '../../runtime/base/errors.ts'
import { CommandOutput } from './command-output.ts'
import type { ExecOptions, ExecResult } from './host-connection.ts'
import { signalChannel } from './signal-channel.ts'
import type { Session, SshLink } from './ssh-link.ts'

const defaultMaxOutputBytes = 4 * 1024 * 1024
/** A command that has ended, but left something running that holds its output open, is not waited for longer than this. */
const quietMs = 5_000

type Settle = { readonly resolve: (result: ExecResult) => void; readonly reject: (error: Error) => void }

/** Runs a command line in the user's shell on a host. */
export async function runCommand(link: SshLink, command: string, options: ExecOptions): Promise<ExecResult> {
  const session = await link.openSession((client, done) => client.exec(command, done), options.signal)
  try {
    return await new CommandRun(link, session, options).run()
  } finally {
    session.release()
  }
}

class CommandRun {
  readonly #link: SshLink
  readonly #channel: ClientChannel
  readonly #session: Session
  readonly #options: ExecOptions
  readonly #stdout: CommandOutput
  readonly #stderr: CommandOutput
  readonly #undo: (() => void)[] = []
  #quietTimer: NodeJS.Timeout | undefined
  #settle: Settle | undefined

  constructor(link: SshLink, session: Session, options: ExecOptions) {
    this.#link = link
    this.#session = session
    this.#channel = session.channel
    this.#options = options
    const maxBytes = options.maxOutputBytes ?? defaultMaxOutputBytes
    const { onLine } = options
    this.#stdout = new CommandOutput(maxBytes, onLine && ((line) => onLine(line, 'stdout')))
    this.#stderr = new CommandOutput(maxBytes, onLine && ((line) => onLine(line, 'stderr')))
  }

  run(): Promise<ExecResult> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
      this.#listen()
      this.#limit()
      this.#feed()
    })
  }

  #listen(): void {
    this.#undo.push(this.#link.onDown((error) => this.#fail(error)))
    this.#channel.on('data', (chunk: Buffer) => {
      this.#stdout.push(chunk)
      this.#stillTalking()
    })
    this.#channel.stderr.on('data', (chunk: Buffer) => {
      this.#stderr.push(chunk)
      this.#stillTalking()
    })
    this.#channel.on('exit', () => this.#stillTalking())
    this.#stillTalking()
    this.#channel.on('close', () => this.#closed())
  }

  #limit(): void {
    const { signal, timeoutMs } = this.#options
    const { name } = this.#link.target
    if (signal) {
      const onAbort = () => this.#cutOff(new ClusterError('link.closed', `the command on ${name} was cancelled`))
      if (signal.aborted) return onAbort()
      signal.addEventListener('abort', onAbort, { once: true })
      this.#undo.push(() => signal.removeEventListener('abort', onAbort))
    }
    if (timeoutMs !== undefined) {
      const onLate = () =>
        this.#cutOff(
          new ClusterError(
            'timeout',
            `a command on ${name} did not end within ${timeoutMs} ms, and was told to stop. It may hang; look on that machine.`,
            {
              details: { timeoutMs },
            },
          ),
        )
      const timer = setTimeout(onLate, timeoutMs)
      this.#undo.push(() => clearTimeout(timer))
    }
  }

  #feed(): void {
    const { stdin } = this.#options
    if (stdin === undefined || typeof stdin === 'string' || stdin instanceof Uint8Array) {
      this.#channel.end(stdin ?? '')
      return
    }
    stdin.on('error', (error: Error) =>
      this.#cutOff(
        new ClusterError('bad-argument', `the input for a command on ${this.#link.target.name} broke off: ${error.message}`, {
          cause: error,
        }),
      ),
    )
    stdin.pipe(this.#channel)
    this.#undo.push(() => {
      stdin.unpipe(this.#channel)
      if (stdin instanceof Readable) stdin.destroy() // a command that ended early leaves it half read
    })
  }

  /** Starts the wait for quiet over, once the command itself has ended. */
  #stillTalking(): void {
    if (!this.#session.exit() || !this.#settle) return
    clearTimeout(this.#quietTimer)
    this.#quietTimer = setTimeout(() => {
      this.#channel.close()
      this.#closed()
    }, quietMs)
  }

  #closed(): void {
    const exit = this.#session.exit()
    if (!exit) {
      const { name } = this.#link.target
      this.#fail(
        new ClusterError(
          'ssh.connection-lost',
          `a command on ${name} ended without an exit code: its session was broken off there. Run it again.`,
        ),
      )
      return
    }
    const settle = this.#end()
    if (!settle) return
    const stdout = this.#stdout.end()
    const stderr = this.#stderr.end()
    settle.resolve({ ...exit, stdout, stderr, isTruncated: this.#stdout.isTruncated || this.#stderr.isTruncated })
  }

  /** A process that only loses its channel may go on for ever, and holds a session of the host meanwhile. */
  #cutOff(error: ClusterError): void {
    signalChannel(this.#channel, 'TERM')
    this.#channel.close()
    this.#fail(error)
  }

  #fail(error: ClusterError): void {
    this.#end()?.reject(error)
  }

  #end(): Settle | undefined {
    const settle = this.#settle
    this.#settle = undefined
    clearTimeout(this.#quietTimer)
    for (const undo of this.#undo.splice(0)) undo()
    if (settle) {
      this.#channel.resume()
      this.#channel.stderr.resume()
    }
    return settle
  }
}
