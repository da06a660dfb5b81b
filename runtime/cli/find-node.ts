import { ClusterError } from '../base/errors.ts'
import { sessionLayout } from '../session/layout.ts'
import { findRunning, type HeadRecord, type NodeRecord } from '../session/session-records.ts'
import { refuseEndedHead } from './ended-head.ts'
import { listKnownTempDirs } from './known-temp-dirs.ts'

export type LocalNode = { readonly tempDir: string; readonly socketPath: string; readonly headAddress: string }

/**
 * The node of this machine that runs in `tempDir`; with `address` and no folder named, the one of that cluster in any known folder.
 * @throws ClusterError `cluster.not-found` saying where nodes do run; `head.unavailable` when the head beside it was killed.
 */
export function findLocalNode(tempDir: string, more: { readonly address: string | undefined; readonly isNamed: boolean }): LocalNode {
  const { address, isNamed } = more
  const candidates = isNamed || address === undefined ? [tempDir] : [...new Set([tempDir, ...listKnownTempDirs()])]
  const nodes = candidates.flatMap((folder) => findNodeIn(folder) ?? [])
  const found = nodes.find((node) => address === undefined || node.headAddress === address)
  if (found) {
    refuseEndedHead(found.tempDir)
    return found
  }
  const [other] = nodes
  const missing =
    isNamed && address !== undefined && other
      ? `the node in ${tempDir} belongs to the cluster at ${other.headAddress}, not to ${address}`
      : `no node ${address === undefined ? '' : `of the cluster at ${address} `}runs on this machine${address === undefined ? ` with its files in ${tempDir}` : ''}`
  throw new ClusterError('cluster.not-found', `${missing}; ${whatToDo()}`)
}

function findNodeIn(tempDir: string): LocalNode | undefined {
  const layout = sessionLayout(tempDir)
  const node = findRunning<NodeRecord>(layout.nodeRecord)
  if (!node) return undefined
  const head = findRunning<HeadRecord>(layout.headRecord)
  return { tempDir, socketPath: node.socketPath, headAddress: node.headAddress || (head?.address ?? '') }
}

function whatToDo(): string {
  const running = listKnownTempDirs().filter(findNodeIn)
  if (running.length > 0) return `nodes run in ${running.join(', ')}: name one with --temp-dir`
  return 'start one with "shoal start --head" or "shoal start --address HOST:PORT"'
}
