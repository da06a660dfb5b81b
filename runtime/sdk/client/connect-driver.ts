import { createLogger } from '../../base/logger.ts'
import { ClusterError } from '../../base/errors.ts'
import { defaultTempDir, sessionLayout } from '../../session/layout.ts'
import { findRunning, type HeadRecord, type NodeRecord } from '../../session/session-records.ts'
import { warmUpCapture } from '../closure/capture.ts'
import { rememberJobPackage } from '../closure/package-folders.ts'
import { randomHex } from '../random-hex.ts'
import { Client } from './client.ts'
import { type EmbeddedCluster, type EmbeddedOptions, startEmbedded } from './embedded-cluster.ts'
import { ShoalBackend } from './shoal-backend.ts'

export type ConnectOptions = EmbeddedOptions & {
  /** `host:port` of a running cluster's head, or `'auto'` for the node that runs on this machine. @default the variable SHOAL_ADDRESS, else a cluster of its own */
  readonly address?: string
  /** Folder of the node to join through, when it is not the default one. @default the variable SHOAL_TEMP_DIR, else one in the system's folder for temporary files */
  readonly tempDir?: string
  /** Names of actors are unique inside a namespace. @default one of its own */
  readonly namespace?: string
  /** Where warnings go, such as a task that cannot be placed now. @default standard error */
  readonly onWarning?: (message: string) => void
}

export async function connectDriver(options: ConnectOptions, onClosed: () => void): Promise<ShoalBackend> {
  const address = options.address ?? process.env['SHOAL_ADDRESS']
  refuseMixed(options, address)
  const embedded = address === undefined ? await startEmbedded(options) : undefined
  try {
    return await connect(embedded?.agentSocket ?? findNode(String(address), options.tempDir), { options, embedded, onClosed })
  } catch (error) {
    await embedded?.stop()
    throw error
  }
}

const embeddedOnly = ['numCpus', 'numGpus', 'memory', 'resources', 'labels', 'objectStoreMemory', 'infeasibleTimeout'] as const

/** @throws ClusterError `bad-argument` */
export function refuseMixed(options: EmbeddedOptions, address: string | undefined): void {
  const given = embeddedOnly.filter((name) => options[name] !== undefined)
  if (address !== undefined && given.length > 0) {
    throw new ClusterError(
      'bad-argument',
      `${given.join(', ')} set up a new cluster, and address ${address} joins one that runs; leave one of them out`,
    )
  }
}

/** @throws ClusterError `cluster.not-found` */
function findNode(address: string, tempDir: string | undefined): string {
  const folder = tempDir ?? process.env['SHOAL_TEMP_DIR'] ?? defaultTempDir()
  const record = findRunning<NodeRecord>(sessionLayout(folder).nodeRecord)
  if (!record) {
    throw new ClusterError(
      'cluster.not-found',
      `no node runs here with its files in ${folder}. Start one with: shoal start --address ${address === 'auto' ? 'HOST:PORT' : address}, or give its tempDir.`,
    )
  }
  const headAddress = record.headAddress || findRunning<HeadRecord>(sessionLayout(folder).headRecord)?.address // the head's own node knows it by its socket
  if (address !== 'auto' && headAddress !== address) {
    throw new ClusterError(
      'cluster.not-found',
      `the node in ${folder} belongs to the cluster at ${headAddress || 'this machine only'}, not to ${address}; give the tempDir of the right one, or address 'auto'`,
    )
  }
  return record.socketPath
}

type Connecting = { options: ConnectOptions; embedded: EmbeddedCluster | undefined; onClosed: () => void }

async function connect(agentSocket: string, { options, embedded, onClosed }: Connecting): Promise<ShoalBackend> {
  const warn = options.onWarning ?? ((message: string) => void process.stderr.write(`shoal: ${message}\n`))
  rememberJobPackage(process.env)
  const client = await Client.connect({
    role: 'driver',
    agentSocket,
    logger: createLogger('driver', (line) => void process.stderr.write(line), { level: 'warn' }),
    entrypoint: process.argv.slice(1).join(' ').slice(0, 4_096),
    namespace: options.namespace ?? null,
    randomHex,
    importModule: (specifier) => import(specifier),
    warn,
    onAgentGone: () => {
      warn('the node agent is gone; what this program started cannot go on')
      onClosed()
    },
  })
  setImmediate(warmUpCapture) // the first function travels some 50 ms sooner
  const tellUnseen = () => {
    for (const line of client.unseen.take()) warn(line)
  }
  process.once('exit', tellUnseen)
  return new ShoalBackend(client, async () => {
    process.off('exit', tellUnseen)
    tellUnseen()
    onClosed()
    client.close()
    await embedded?.stop()
  })
}
