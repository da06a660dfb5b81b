import { mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Where one node keeps its files. One temp dir holds one node, and the head when it runs here. Folders 0700, files 0600. */
export type SessionLayout = {
  readonly tempDir: string
  /** The head's: database, authority, join token. */
  readonly headDir: string
  readonly headSocket: string
  readonly headRecord: string
  readonly databasePath: string
  readonly authorityCert: string
  readonly authorityKey: string
  readonly joinToken: string
  /** The node's: identity, sockets, logs, spilled objects. */
  readonly nodeDir: string
  readonly nodeRecord: string
  readonly agentSocket: string
  readonly socketDir: string
  readonly identityDir: string
  readonly logDir: string
  readonly spillDir: string
  /** Pids and start times of this node's workers, so that a next agent can end those that outlived a killed one. */
  readonly workersRecord: string
}

/** The kernel's limit is 108 bytes with the closing zero; the longest name we make in a socket folder is 28 bytes. */
const longestSocketDir = 79

/** Of the user that we run as, whether or not the machine has an entry for it, as in a container often not; -1 on Windows. */
export const userId = (): number => process.getuid?.() ?? -1

export const defaultTempDir = (): string => join(tmpdir(), `shoal-${userId()}`)

/** Names only; nothing is made on disk. Sockets move to a short folder of their own when `tempDir` is too long for them. */
export function sessionLayout(tempDir: string): SessionLayout {
  const headDir = join(tempDir, 'head')
  const nodeDir = join(tempDir, 'node')
  const inside = join(tempDir, 's')
  const socketDir = Buffer.byteLength(inside) <= longestSocketDir ? inside : shortSocketDir(tempDir)
  return {
    tempDir,
    headDir,
    headSocket: join(socketDir, 'head.sock'),
    headRecord: join(headDir, 'head.json'),
    databasePath: join(headDir, 'head.sqlite'),
    authorityCert: join(headDir, 'authority.crt.pem'),
    authorityKey: join(headDir, 'authority.key.pem'),
    joinToken: join(headDir, 'join-token'),
    nodeDir,
    nodeRecord: join(nodeDir, 'node.json'),
    agentSocket: join(socketDir, 'agent.sock'),
    socketDir,
    identityDir: join(nodeDir, 'identity'),
    logDir: join(tempDir, 'logs'),
    spillDir: join(nodeDir, 'spill'),
    workersRecord: join(nodeDir, 'workers.json'),
  }
}

/** Few temp dirs are so long: node:crypto takes 4 ms to load. */
function shortSocketDir(tempDir: string): string {
  const hash = process.getBuiltinModule('node:crypto').createHash('sha256').update(tempDir).digest('hex')
  return join('/tmp', `shoal-${userId()}-s-${hash.slice(0, 12)}`)
}

export function makeSessionFolders(layout: SessionLayout): void {
  for (const folder of [
    layout.tempDir,
    layout.headDir,
    layout.nodeDir,
    layout.socketDir,
    layout.identityDir,
    layout.logDir,
    layout.spillDir,
  ]) {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  }
}
