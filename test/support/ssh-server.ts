import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

const sshd = '/usr/sbin/sshd'

/** Why no SSH server can be started here; undefined when one can. */
export function noSshServer(): string | undefined {
  if (process.platform !== 'linux') return 'sshd of Linux'
  if (!existsSync(sshd)) return 'sshd (Debian: apt-get install openssh-server)'
  if (process.getuid?.() !== 0) return 'root'
  return undefined
}

export type SshServerOptions = {
  /** Lines of sshd_config that come before ours, so that they win. */
  readonly config?: readonly string[]
  /** Public keys that are let in, as lines of authorized_keys. */
  readonly authorizedKeys?: readonly string[]
  /** @default ed25519 only */
  readonly hostKeyTypes?: readonly ('ed25519' | 'ecdsa' | 'rsa')[]
  readonly port?: number
  /** Environment of sshd, and with it of its sessions' parents. */
  readonly env?: NodeJS.ProcessEnv
}

/** A real sshd on a free port of 127.0.0.1, with its own keys and folder. `await using` ends it and removes the folder. */
export type SshServer = AsyncDisposable & {
  readonly port: number
  readonly folder: string
  /** Public host keys by type, as `ssh-ed25519 AAAA…`. */
  readonly hostKeys: Readonly<Record<string, string>>
  /** Pids of the processes that serve connections now: children of the listener. */
  connections(): number[]
  log(): string
  authorize(publicKey: string): void
  /** Ends the listener and starts it anew on the same port; `hostKeys: 'new'` gives it other keys, as a machine set up anew has. */
  restart(options?: { hostKeys?: 'new' }): Promise<void>
  /** Ends the listener only. */
  stop(): Promise<void>
}

export async function startSshServer(options: SshServerOptions = {}): Promise<SshServer> {
  mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
  const folder = mkdtempSync(join(tmpdir(), 'shoal-sshd-'))
  chmodSync(folder, 0o755) // sshd reads the authorized keys as the user who logs in
  const port = options.port ?? (await freePort())
  const types = options.hostKeyTypes ?? ['ed25519']
  const logFile = join(folder, 'sshd.log')
  writeFileSync(logFile, '')
  mkdirSync(join(folder, 'home'))
  writeFileSync(join(folder, 'authorized_keys'), (options.authorizedKeys ?? []).map((line) => `${line}\n`).join(''))
  let hostKeys = makeHostKeys(folder, types)
  writeFileSync(join(folder, 'sshd_config'), configText(folder, port, options.config ?? [], types))
  let listener = await listen(folder, port, options.env)
  const stop = async () => {
    for (const pid of childrenOf(listener.pid)) endTree(pid)
    await endProcess(listener)
  }
  return {
    port,
    folder,
    get hostKeys() {
      return hostKeys
    },
    connections: () => childrenOf(listener.pid),
    log: () => readFileSync(logFile, 'utf8'),
    authorize: (publicKey) => writeFileSync(join(folder, 'authorized_keys'), `${publicKey}\n`, { flag: 'a' }),
    async restart({ hostKeys: which } = {}) {
      await stop()
      if (which === 'new') hostKeys = makeHostKeys(folder, types)
      listener = await listen(folder, port, options.env)
    },
    stop,
    async [Symbol.asyncDispose]() {
      await stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/** A key pair made by ssh-keygen; returns the public line. */
export function makeKey(file: string, type: 'ed25519' | 'ecdsa' | 'rsa', options: { passphrase?: string; format?: 'PEM' } = {}): string {
  const args = ['-q', '-t', type, '-N', options.passphrase ?? '', '-C', 'test', '-f', file]
  if (type === 'rsa') args.push('-b', '2048')
  if (options.format) args.push('-m', options.format)
  command('ssh-keygen', ...args)
  return readFileSync(`${file}.pub`, 'utf8').trim()
}

/** Runs a program to its end. @throws Error with what it said */
export function command(program: string, ...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8' })
  if (error || status !== 0) throw new Error(`${program} ${args.join(' ')}: ${error?.message ?? stderr}`)
  return stdout
}

function makeHostKeys(folder: string, types: readonly ('ed25519' | 'ecdsa' | 'rsa')[]): Record<string, string> {
  const keys: Record<string, string> = {}
  for (const type of types) {
    const file = join(folder, `host_${type}`)
    rmSync(file, { force: true })
    rmSync(`${file}.pub`, { force: true })
    keys[type] = makeKey(file, type).split(' ').slice(0, 2).join(' ')
  }
  return keys
}

function configText(folder: string, port: number, before: readonly string[], types: readonly string[]): string {
  return [
    ...before,
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    ...types.map((type) => `HostKey ${join(folder, `host_${type}`)}`),
    `AuthorizedKeysFile ${join(folder, 'authorized_keys')}`,
    `PidFile ${join(folder, 'sshd.pid')}`,
    'StrictModes no',
    'UsePAM no',
    'PermitRootLogin yes',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'UseDNS no',
    'LogLevel VERBOSE',
    // Login files of whoever runs the tests are slow, and leave their locks behind when they are killed.
    'Match User root',
    `  SetEnv HOME=${join(folder, 'home')}`,
    '',
  ].join('\n')
}

async function listen(folder: string, port: number, env: NodeJS.ProcessEnv | undefined): Promise<ChildProcess> {
  const args = ['-D', '-f', join(folder, 'sshd_config'), '-E', join(folder, 'sshd.log')]
  const child = spawn(sshd, args, { stdio: ['ignore', 'ignore', 'pipe'], env: env ?? process.env })
  const endWithUs = () => child.kill('SIGKILL') // a test that was cut off leaves none behind
  process.once('exit', endWithUs)
  child.once('exit', () => process.off('exit', endWithUs))
  let said = ''
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()))
  for (let tries = 0; tries < 200; tries += 1) {
    if (child.exitCode !== null) throw new Error(`sshd ended: ${said} ${readFileSync(join(folder, 'sshd.log'), 'utf8')}`)
    if (await answers(port)) return child
    await delay(25)
  }
  child.kill('SIGKILL')
  throw new Error(`sshd does not answer on port ${port}`)
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('data', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
    socket.once('close', () => resolve(false))
  })
}

function childrenOf(pid: number | undefined): number[] {
  if (pid === undefined) return []
  const children: number[] = []
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      if (Number(fields[1]) === pid && fields[0] !== 'Z') children.push(Number(name))
    } catch {
      // it ended while we looked
    }
  }
  return children
}

/** Ends a process of ours and all that it started. */
export function endTree(pid: number): void {
  const children = childrenOf(pid)
  try {
    process.kill(pid, 'SIGKILL') // first, so that it cannot tell how the others ended
  } catch {
    // gone already
  }
  for (const child of children) endTree(child)
}

async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await ended
}
