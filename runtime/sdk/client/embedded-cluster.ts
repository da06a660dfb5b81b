import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeSessionFolders, sessionLayout, userId } from '../../session/layout.ts'
import { endDaemon, type NodeFlags, nodeFlags, startDaemon } from '../../session/start-daemon.ts'
import { type Duration, resolveDuration } from '../../base/duration.ts'
import { ClusterError } from '../../base/errors.ts'

export type EmbeddedOptions = {
  /** @default what this machine has */
  readonly numCpus?: number
  /** @default what nvidia-smi finds */
  readonly numGpus?: number
  /** Bytes that tasks may ask for. @default 70 % of this machine's */
  readonly memory?: number
  /** Custom resources. */
  readonly resources?: Readonly<Record<string, number>>
  readonly labels?: Readonly<Record<string, string>>
  /** Bytes of shared memory. @default 30 % of this machine's memory */
  readonly objectStoreMemory?: number
  /** A task or actor that no node can ever take fails after this time; until then a fitting node may join. @default 60 s */
  readonly infeasibleTimeout?: Duration
}

export type EmbeddedCluster = { readonly agentSocket: string; readonly tempDir: string; stop(): Promise<void> }

/**
 * Starts a head and one node as children of this process. They hold the other end of a pipe, and end when it closes: also when this
 * process is killed.
 * @throws ClusterError `cluster.start-failed`
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedCluster> {
  const tempDir = mkdtempSync(join(tmpdir(), `shoal-${userId()}-`))
  const layout = sessionLayout(tempDir)
  makeSessionFolders(layout)
  const config =
    options.infeasibleTimeout === undefined
      ? []
      : ['--config', JSON.stringify({ infeasibleTimeoutMs: resolveDuration(options.infeasibleTimeout, 0) })]
  const flags = nodeFlags({ listen: 'none', ...nodeOf(options) })
  const head = startDaemon(layout, { name: 'head', args: config, detached: false })
  const agent = startDaemon(layout, {
    name: 'agent',
    args: ['--head', `unix:${layout.headSocket}`, '--is-head', '--remove-files', ...flags, ...config],
    detached: false,
  })
  const started = await Promise.allSettled([head, agent])
  const children = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  const stop = async () => {
    await Promise.all(children.reverse().map((child) => endDaemon(child, 'close-pipe')))
    rmSync(tempDir, { recursive: true, force: true })
    rmSync(layout.socketDir, { recursive: true, force: true })
  }
  const failed = started.find((one) => one.status === 'rejected')
  if (failed) {
    await stop()
    throw failed.reason instanceof Error ? failed.reason : new ClusterError('cluster.start-failed', String(failed.reason))
  }
  return { agentSocket: layout.agentSocket, tempDir, stop }
}

function nodeOf(options: EmbeddedOptions): Omit<NodeFlags, 'listen'> {
  const resources: Record<string, number> = { ...options.resources }
  if (options.numCpus !== undefined) resources['CPU'] = options.numCpus
  if (options.numGpus !== undefined) resources['GPU'] = options.numGpus
  if (options.memory !== undefined) resources['memory'] = options.memory
  return { resources, labels: options.labels, objectStoreBytes: options.objectStoreMemory }
}
