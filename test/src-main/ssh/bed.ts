import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { ConnectIo } from '#src-main/ssh/connect-io.ts'
import type { HostConnection, Questions, SshTarget } from '#src-main/ssh/host-connection.ts'
import { KnownHosts } from '#src-main/ssh/known-hosts.ts'
import { openConnection } from '#src-main/ssh/open-connection.ts'
import { command, makeKey, type SshServer, startSshServer, type SshServerOptions } from '#test/support/ssh-server.ts'

/** A folder that is gone at the end of the test. */
export function tempFolder(): Disposable & { path: string } {
  const path = mkdtempSync(join(tmpdir(), 'shoal-ssh-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

export const aTarget = (server: { port: number }, more: Partial<SshTarget> = {}): SshTarget => ({
  name: 'box',
  host: '127.0.0.1',
  port: server.port,
  user: 'root',
  keyFiles: [],
  agentSocket: undefined,
  ways: new Set(['agent', 'key', 'password', 'keyboard-interactive']),
  jump: [],
  ...more,
})

/** Answers as told, accepts every host key, and keeps what was asked. */
export function answering(answers: Partial<Questions> = {}): { questions: Questions; asked: string[] } {
  const asked: string[] = []
  const note = <Q, A>(what: string, answer: (question: Q) => Promise<A>) => {
    return (question: Q) => {
      const attempt = question !== null && typeof question === 'object' && 'attempt' in question ? ` ${String(question.attempt)}` : ''
      asked.push(`${what}${attempt}`)
      return answer(question)
    }
  }
  return {
    asked,
    questions: {
      acceptHostKey: note('host-key', answers.acceptHostKey ?? (async () => true)),
      password: note('password', answers.password ?? (async () => undefined)),
      passphrase: note('passphrase', answers.passphrase ?? (async () => undefined)),
      keyboardInteractive: note('prompts', answers.keyboardInteractive ?? (async () => undefined)),
    },
  }
}

export const anIo = (folder: { path: string }, more: Partial<ConnectIo> = {}): ConnectIo => ({
  questions: answering().questions,
  knownHosts: new KnownHosts({ ownFile: join(folder.path, 'known_hosts'), otherFiles: [] }),
  ...more,
  timeouts: { retryBaseMs: 20, ...more.timeouts },
})

/** A server with a key that it takes, and a connection to it. */
export type Bed = AsyncDisposable & { server: SshServer; connection: HostConnection; target: SshTarget; path: string; io: ConnectIo }

export async function aBed(options: SshServerOptions = {}, io: Partial<ConnectIo> = {}): Promise<Bed> {
  const folder = tempFolder()
  const server = await startSshServer(options)
  server.authorize(makeKey(join(folder.path, 'key'), 'ed25519'))
  const target = aTarget(server, { keyFiles: [join(folder.path, 'key')] })
  const connectIo = anIo(folder, io)
  const connection = await openConnection(target, connectIo)
  return {
    server,
    connection,
    target,
    path: folder.path,
    io: connectIo,
    async [Symbol.asyncDispose]() {
      connection.close()
      await server[Symbol.asyncDispose]()
      folder[Symbol.dispose]()
    },
  }
}

/** A port that answers nothing at all. Linux drops newcomers silently when the line in front of a program that does not accept is full. */
export async function deafPort(): Promise<AsyncDisposable & { port: number }> {
  const program = `const s = require('net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => { console.log(s.address().port); setTimeout(() => process.kill(process.pid, 'SIGSTOP'), 50) })`
  const deaf = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  const port = Number(await new Promise((resolve) => deaf.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString()))))
  await delay(300)
  const inLine = [0, 1, 2, 3].map(() => connect(port, '127.0.0.1').on('error', () => {}))
  await delay(100)
  return {
    port,
    async [Symbol.asyncDispose]() {
      for (const socket of inLine) socket.destroy()
      const ended = new Promise((resolve) => deaf.once('exit', resolve))
      deaf.kill('SIGKILL')
      await ended
    },
  }
}

/** A user of this machine with a password, gone at the end. */
export function throwawayUser(): Disposable & { name: string; password: string } {
  const name = `shoal${randomBytes(4).toString('hex')}`
  const password = `Pw-${randomBytes(9).toString('hex')}`
  command('useradd', '--create-home', '--shell', '/bin/sh', '--password', command('openssl', 'passwd', '-6', password).trim(), name)
  return { name, password, [Symbol.dispose]: () => void command('userdel', '--remove', '--force', name) }
}

/** What `work` was rejected with. */
export async function failureOf(work: Promise<unknown>): Promise<unknown> {
  try {
    await work
  } catch (error) {
    return error
  }
  throw new Error('it should have failed')
}
