import type { IncomingMessage } from 'node:http'
import type { ClusterError } from '../../runtime/base/errors.ts'
import type { Logger } from '../../runtime/base/logger.ts'

export type RefusalLog = (request: IncomingMessage, error: ClusterError) => void

const everyMs = 1_000

/** A line for a refused request, at most one a second: a flood of them must not fill the disk. Its path stays out, as it may hold anything. */
export function createRefusalLog(logger: Logger): RefusalLog {
  let loggedAtMs = Number.NEGATIVE_INFINITY
  let unlogged = 0
  return ({ socket, method }, { code }) => {
    const nowMs = performance.now()
    if (nowMs - loggedAtMs < everyMs) return void (unlogged += 1)
    logger.warn('web.refused', { peerPort: socket.remotePort ?? 0, code, method: method ?? '', unlogged })
    loggedAtMs = nowMs
    unlogged = 0
  }
}
