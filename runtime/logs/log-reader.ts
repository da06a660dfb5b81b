import { closeSync, fstatSync, read, readSync } from 'node:fs'
import { promisify } from 'node:util'
import type { LastLines, LogChunk, LogsLastLines, LogsList, LogsListReply, LogsRead, LogsSearch, SearchPage } from '../protocol/logs.ts'
import { GrowthWatch } from './growth-watch.ts'
import { findLastLines } from './last-lines.ts'
import type { LogFolder } from './log-folder.ts'
import { searchLogs } from './search-logs.ts'

const readFrom = promisify(read)
/** Up to here reading at once costs less than asking a thread for it. */
const readAtOnceBytes = 65_536

type Ask<Message> = Omit<Message, 'type'>

/** What may be asked of a folder of logs, in the words of the protocol. Give it the folder; close it when nobody asks any more. */
export class LogReader {
  readonly folder: LogFolder
  readonly #growth = new GrowthWatch()

  constructor(folder: LogFolder) {
    this.folder = folder
  }

  /** @throws ClusterError `bad-argument` for a glob that leads out. */
  list(ask: Ask<LogsList>): LogsListReply {
    return this.folder.list(ask)
  }

  /** @throws ClusterError `not-found`, `bad-argument` for what is no name of a log file. */
  async read({ file, offset, maxBytes, waitMs }: Ask<LogsRead>): Promise<LogChunk> {
    const log = this.folder.open(file)
    try {
      const { fd } = log
      let { stats } = log
      if (offset === stats.size && waitMs > 0) {
        await this.#growth.wait(fd, stats.size, waitMs)
        stats = fstatSync(fd)
      }
      const wanted = offset > stats.size ? 0 : offset // it was begun anew
      const start = Math.max(wanted, this.folder.kept.firstOffset(fd, stats))
      const lengthBytes = Math.max(0, Math.min(maxBytes, stats.size - start))
      const bytes = lengthBytes === 0 ? new Uint8Array(0) : await readPart(fd, start, lengthBytes)
      const firstOffset = this.folder.kept.firstOffset(fd, stats)
      const gone = Math.min(bytes.byteLength, Math.max(0, firstOffset - start)) // cut while it was read: these are zeros
      return { offset: start + gone, bytes: bytes.subarray(gone), sizeBytes: stats.size, firstOffset, modifiedMs: stats.mtimeMs }
    } finally {
      closeSync(log.fd)
    }
  }

  /** @throws as `read` */
  lastLines({ file, lines, before }: Ask<LogsLastLines>): Promise<LastLines> {
    return this.folder.with(file, (log) => {
      const end = Math.min(before ?? log.stats.size, log.stats.size)
      return findLastLines(log, { lines, end, firstOffset: this.folder.firstOffset(log) })
    })
  }

  /** @throws ClusterError `bad-argument` for a pattern that is none, or takes too long. */
  search(ask: Ask<LogsSearch>): Promise<SearchPage> {
    return searchLogs(this, ask)
  }

  close(): void {
    this.#growth.close()
  }
}

async function readPart(fd: number, offset: number, lengthBytes: number): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafeSlow(lengthBytes) // its own memory: it may wait in a link for a while
  if (lengthBytes <= readAtOnceBytes) return bytes.subarray(0, readSync(fd, bytes, 0, lengthBytes, offset))
  const { bytesRead } = await readFrom(fd, bytes, 0, lengthBytes, offset)
  return bytes.subarray(0, bytesRead)
}
