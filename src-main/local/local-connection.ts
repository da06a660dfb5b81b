import { connect, type Socket } from 'node:net'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { ClusterError } from '../../runtime/base/errors.ts'
import type {
  ExecOptions,
  ExecResult,
  HostConnection,
  ShellOptions,
  ShellSession,
  SshTarget,
  UploadOptions,
} from '../ssh/host-connection.ts'
import { scriptInput } from '../ssh/run-script.ts'
import { copyFile } from './copy-file.ts'
import { openLocalShell } from './local-shell.ts'
import { type Login, readLogin } from './login-environment.ts'
import { RunningProgram } from './run-program.ts'

/** This computer, as if it were reached over a connection: what is done on machines over SSH is done here without. */
export class LocalConnection implements HostConnection {
  readonly target: SshTarget
  readonly closed: Promise<null>
  readonly #login: Login
  readonly #running = new Set<RunningProgram>()
  readonly #sockets = new Set<Socket>()
  readonly #shells = new Set<ShellSession>()
  #tellClosed: () => void = () => {}
  #isClosed = false

  constructor(name: string, login: Login = readLogin()) {
    this.#login = login
    this.target = { ...nowhere, name, user: userName() }
    this.closed = new Promise((resolve) => {
      this.#tellClosed = () => resolve(null)
    })
  }

  exec(command: string, options: ExecOptions = {}): Promise<ExecResult> {
    return this.#run(this.#login.shell, ['-c', command], options)
  }

  async script(text: string, args: readonly string[] = [], options: Omit<ExecOptions, 'stdin'> = {}): Promise<ExecResult> {
    return this.#run('/bin/sh', ['-s'], { ...options, stdin: scriptInput(text, args) })
  }

  async upload(localPath: string, remotePath: string, options: UploadOptions): Promise<void> {
    this.#refuseClosed()
    const path = remotePath.startsWith('~/') ? join(this.#login.home, remotePath.slice(2)) : remotePath
    await copyFile({ localPath, path, target: this.target }, options)
  }

  async openTunnel(host: string, port: number): Promise<Duplex> {
    this.#refuseClosed()
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port, noDelay: true })
      const refused = (error: Error) =>
        reject(
          new ClusterError(
            'ssh.tunnel-refused',
            `nothing answers at ${host}:${port} on this computer: ${error.message}. Check that something listens there.`,
            { details: { toHost: host, toPort: port }, cause: error },
          ),
        )
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
      socket.once('error', refused)
      socket.once('connect', () => {
        socket.off('error', refused).on('error', () => {}) // that it closes tells whoever has it
        resolve(socket)
      })
    })
  }

  async openShell(options: ShellOptions): Promise<ShellSession> {
    this.#refuseClosed()
    const shell = await openLocalShell(this.#login, options)
    this.#shells.add(shell)
    void shell.ended.then(() => this.#shells.delete(shell))
    return shell
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const program of this.#running) program.cutOff(closedHere())
    for (const socket of this.#sockets) socket.destroy()
    for (const shell of this.#shells) shell.close()
    this.#tellClosed()
  }

  async #run(file: string, args: readonly string[], options: ExecOptions): Promise<ExecResult> {
    this.#refuseClosed()
    const program = new RunningProgram({ file, args, login: this.#login }, options)
    this.#running.add(program)
    try {
      return await program.done
    } finally {
      this.#running.delete(program)
    }
  }

  #refuseClosed(): void {
    if (this.#isClosed) throw closedHere()
  }
}

const closedHere = () => new ClusterError('link.closed', 'the work on this computer was ended here')

/** No server of SSH is asked; only the name is shown. */
const nowhere = { host: '127.0.0.1', port: 0, keyFiles: [], agentSocket: undefined, ways: new Set<never>(), jump: [] } as const

function userName(): string {
  try {
    return userInfo().username
  } catch {
    return String(process.getuid?.() ?? '')
  }
}
