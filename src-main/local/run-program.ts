import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { ClusterError } from '../../runtime/base/errors.ts'
import { CommandOutput } from '../ssh/command-output.ts'
import type { ExecOptions, ExecResult } from '../ssh/host-connection.ts'
import type { Login } from './login-environment.ts'

export type Program = { readonly file: string; readonly args: readonly string[]; readonly login: Login }

const defaultMaxOutputBytes = 4 * 1024 * 1024
/** A command that has ended, but left something running that holds its output open, is not waited for longer than this. */
const quietMs = 5_000
/** Between asking a command to end and ending it. */
const graceMs = 3_000

type Settle = { readonly resolve: (result: ExecResult) => void; readonly reject: (error: Error) => void }

/** A program of this computer that runs; `done` as `HostConnection.exec` says. */
export class RunningProgram {
  readonly done: Promise<ExecResult>
  readonly #child: ChildProcessWithoutNullStreams
  readonly #options: ExecOptions
  readonly #stdout: CommandOutput
  readonly #stderr: CommandOutput
  readonly #undo: (() => void)[] = []
  #settle: Settle | undefined
  #quietTimer: NodeJS.Timeout | undefined

  constructor({ file, args, login }: Program, options: ExecOptions) {
    this.#options = options
    const { onLine, maxOutputBytes = defaultMaxOutputBytes } = options
    this.#stdout = new CommandOutput(maxOutputBytes, onLine && ((line) => onLine(line, 'stdout')))
    this.#stderr = new CommandOutput(maxOutputBytes, onLine && ((line) => onLine(line, 'stderr')))
    // a group of its own: Ctrl-C at our terminal is ours, and what the command starts ends with it
    this.#child = spawn(file, args, { cwd: login.home, env: login.env, detached: true })
    this.done = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
      this.#listen(file)
      this.#limit()
      this.#feed()
    })
  }

  /** Asks it to end, and tells who waits why. */
  cutOff(error: ClusterError): void {
    this.#end()?.reject(error)
    const { pid } = this.#child
    if (pid === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null) return
    signalGroup(pid, 'SIGTERM')
    const timer = setTimeout(() => signalGroup(pid, 'SIGKILL'), graceMs).unref()
    this.#child.once('exit', () => clearTimeout(timer))
  }

  #listen(file: string): void {
    const child = this.#child
    child.once('error', (error) =>
      this.#end()?.reject(new ClusterError('not-found', `${file} cannot be run on this computer: ${error.message}`, { cause: error })),
    )
    child.stdin.on('error', () => {}) // it ended without reading all of it, which its exit code tells
    for (const [stream, output] of [
      [child.stdout, this.#stdout],
      [child.stderr, this.#stderr],
    ] as const) {
      stream.on('data', (chunk: Buffer) => {
        output.push(chunk)
        this.#stillTalking()
      })
    }
    child.once('exit', () => this.#stillTalking())
    child.once('close', () => this.#closed())
  }

  #limit(): void {
    const { signal, timeoutMs } = this.#options
    if (signal) {
      const onAbort = () => this.cutOff(new ClusterError('link.closed', 'the command on this computer was cancelled'))
      if (signal.aborted) return onAbort()
      signal.addEventListener('abort', onAbort, { once: true })
      this.#undo.push(() => signal.removeEventListener('abort', onAbort))
    }
    if (timeoutMs !== undefined) {
      const late = `a command on this computer did not end within ${timeoutMs} ms, and was told to stop. It may hang; look at what runs.`
      const timer = setTimeout(() => this.cutOff(new ClusterError('timeout', late, { details: { timeoutMs } })), timeoutMs)
      this.#undo.push(() => clearTimeout(timer))
    }
  }

  #feed(): void {
    const { stdin } = this.#options
    if (stdin === undefined || typeof stdin === 'string' || stdin instanceof Uint8Array) {
      this.#child.stdin.end(stdin ?? '')
      return
    }
    const brokenOff = (error: Error) =>
      this.cutOff(
        new ClusterError('bad-argument', `the input for a command on this computer broke off: ${error.message}`, { cause: error }),
      )
    stdin.on('error', brokenOff).pipe(this.#child.stdin)
    this.#undo.push(() => stdin.unpipe(this.#child.stdin))
  }

  /** Starts the wait for quiet over, once the command itself has ended. */
  #stillTalking(): void {
    const { exitCode, signalCode } = this.#child
    if ((exitCode === null && signalCode === null) || !this.#settle) return
    clearTimeout(this.#quietTimer)
    this.#quietTimer = setTimeout(() => this.#closed(), quietMs)
  }

  #closed(): void {
    const settle = this.#end()
    const { exitCode, signalCode } = this.#child
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream.destroy()
    const texts = { stdout: this.#stdout.end(), stderr: this.#stderr.end() }
    const isTruncated = this.#stdout.isTruncated || this.#stderr.isTruncated
    settle?.resolve({ code: exitCode, signal: signalCode?.slice('SIG'.length) ?? null, ...texts, isTruncated })
  }

  #end(): Settle | undefined {
    const settle = this.#settle
    this.#settle = undefined
    clearTimeout(this.#quietTimer)
    for (const undo of this.#undo.splice(0)) undo()
    return settle
  }
}

function signalGroup(pid: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(-pid, signal)
  } catch {
    // it has ended meanwhile
  }
}
