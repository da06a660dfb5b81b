import { chmodSync, mkdirSync, statSync, unlinkSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { dirname } from 'node:path'
import { ClusterError } from '../base/errors.ts'
import { closeListener, greet, type Listener, type ListenOptions, listening } from './greet-dialer.ts'
import type { TlsPlace } from './listen-tls.ts'
import { createStrangers } from './strangers.ts'

export type { Listener, ListenOptions, Peer } from './greet-dialer.ts'

/** Longest path that fits into a unix socket's address. */
const maxSocketPathBytes = 107

/**
 * Listens on a unix socket of mode 0600 in a folder of mode 0700, which is made when missing. A socket file that nobody listens on is replaced.
 * @throws ClusterError `bad-argument` when the path is too long, the folder is open to others, or somebody listens there.
 */
export async function listenUnix(path: string, options: ListenOptions): Promise<Listener> {
  if (Buffer.byteLength(path) > maxSocketPathBytes) {
    throw new ClusterError(
      'bad-argument',
      `the socket path ${path} is ${Buffer.byteLength(path)} bytes long, ${maxSocketPathBytes} fit; use a shorter folder`,
    )
  }
  preparePrivateFolder(dirname(path))
  await removeStaleSocket(path)
  // All of them are this user's own processes: no limit for each.
  const strangers = createStrangers({ ...options, maxStrangersPerAddress: Number.POSITIVE_INFINITY })
  let count = 0
  const server = createServer((socket) => {
    count += 1
    const address = `${path}#${count}`
    if (strangers.admit(socket, address, '')) void greet(socket, { options, strangers, address, node: undefined, isNetwork: false })
  })
  await listening(server, { path })
  chmodSync(path, 0o600)
  return { address: path, port: 0, unref: () => void server.unref(), close: () => closeListener(server, strangers) }
}

/**
 * Listens for TLS 1.3. Nodes prove themselves by a certificate of the cluster; without one, only the role `join` gets through.
 * Port 0 takes a free one.
 * @throws ClusterError `bad-argument` when the address cannot be listened on.
 */
export async function listenTls(at: TlsPlace, options: ListenOptions): Promise<Listener> {
  const { listenOverTls } = await import('./listen-tls.ts') // TLS costs a process 5 ms at its start
  return listenOverTls(at, options)
}

function preparePrivateFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const { uid, mode } = statSync(folder)
  if (uid !== process.getuid?.() || (mode & 0o077) !== 0) {
    throw new ClusterError(
      'bad-argument',
      `${folder} must belong to this user with mode 0700, it has mode ${(mode & 0o777).toString(8)}; sockets in it would be open to others`,
    )
  }
}

/** A socket file stays behind when its process is killed. */
function removeStaleSocket(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = connect({ path })
    probe.once('connect', () => {
      probe.destroy()
      reject(new ClusterError('bad-argument', `another process listens on ${path}`))
    })
    probe.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') unlinkSync(path)
      resolve() // ENOENT is the usual case; anything else shows again when we listen
    })
  })
}
