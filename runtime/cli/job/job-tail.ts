import { JobTailFrame, logGoneCode } from '../../api/logs.ts'
import { isShoalVersion, VersionInfo } from '../../api/version.ts'
import { ClusterError, toError } from '../../base/errors.ts'
import type { ApiClient } from '../../client/api-client.ts'
import { notAHead } from '../../client/api-errors.ts'

export const jobPath = (id: string, rest = ''): string => `/api/jobs/${encodeURIComponent(id)}${rest}`

export type TailIo = {
  readonly signal: AbortSignal
  /** The tail goes on when it resolves. */
  readonly write: (text: string) => Promise<void> | void
  readonly warn: (text: string) => void
}

export type TailProgress = {
  opened(): void
  /** Something came. */
  heard(): void
}

/**
 * Writes what was not written yet, over a connection of its own, until the head says that this was all. Call it again when it throws.
 * @throws ClusterError `link.closed` when the connection breaks before; else as every call.
 */
export type JobTail = (progress: TailProgress) => Promise<void>

/** The tail that this head can serve. @throws as every call */
export async function openJobTail(api: ApiClient, id: string, io: TailIo): Promise<JobTail> {
  const version = await api.getJson('/api/version', VersionInfo, { signal: io.signal })
  return isShoalVersion(version) ? exactTail(api, id, io) : repeatedTail(api, id, io)
}

/** Of our heads: each message says where in the log it stands, and the next connection begins there. */
function exactTail(api: ApiClient, id: string, { signal, write, warn }: TailIo): JobTail {
  const path = jobPath(id, '/logs/tail')
  let written = 0
  return async (progress) => {
    const socket = await api.openSocket(path, { signal, query: { format: 'json', offset: written } })
    progress.opened()
    try {
      for await (const message of socket) {
        progress.heard()
        const { offset, next, text } = frameFrom(api, path, message)
        if (offset > written) warn(`shoal: ${offset - written} bytes of the log are not there any more`)
        if (offset < written) warn('shoal: the log was begun anew')
        await write(text)
        written = next
      }
    } catch (error) {
      if (!(error instanceof ClusterError) || error.details['closeCode'] !== logGoneCode) throw error
      warn(`shoal: the rest of the log of job '${id}' is gone: its node was lost before the head had a copy, or has removed it`)
    } finally {
      socket.close()
    }
  }
}

function frameFrom(api: ApiClient, path: string, message: string): JobTailFrame {
  try {
    return JobTailFrame.parse(JSON.parse(message))
  } catch (error) {
    throw notAHead(api.url, `${path}: ${toError(error).message}`)
  }
}

/** Of Ray's heads, which begin at the first byte each time: as many letters as were written are left out. */
function repeatedTail(api: ApiClient, id: string, { signal, write }: TailIo): JobTail {
  let written = 0
  return async (progress) => {
    const socket = await api.openSocket(jobPath(id, '/logs/tail'), { signal })
    progress.opened()
    let skip = written
    try {
      for await (const text of socket) {
        progress.heard()
        const fresh = text.slice(skip)
        skip = Math.max(0, skip - text.length)
        if (fresh !== '') await write(fresh)
        written += fresh.length
      }
    } finally {
      socket.close()
    }
  }
}
