import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { Parser, type ReadEntry } from 'tar'
import { ClusterError, toError } from '../../base/errors.ts'
import { type ArchiveEntry, ArchiveRules } from './archive-rules.ts'
import { counted, makeLinks, type PlannedLink, type Unpacking } from './unpacking.ts'

/** Unpacks as it reads: a refused entry stops it, and what was written until then is of no use. */
export async function unpackTar({ archive, folder, sizeBytes, signal, limits }: Unpacking): Promise<void> {
  const rules = new ArchiveRules(sizeBytes, limits)
  const links: PlannedLink[] = []
  const failed = new AbortController()
  let work: Promise<void> = Promise.resolve()
  const parser = new Parser({
    strict: true,
    maxMetaEntrySize: 1024 * 1024,
    onReadEntry: (entry) => {
      work = work.then(() => take(entry)).catch((error: unknown) => failed.abort(error))
    },
  })
  const take = async (entry: ReadEntry): Promise<void> => {
    failed.signal.throwIfAborted()
    const described = describe(entry)
    const path = rules.check(described)
    if (described.kind === 'file' && path !== null) {
      const target = join(folder, path)
      await mkdir(dirname(target), { recursive: true, mode: 0o700 })
      const file = createWriteStream(target, { flags: 'wx', mode: ((entry.mode ?? 0) & 0o100) === 0 ? 0o600 : 0o700 })
      await pipeline(entry as unknown as AsyncIterable<Buffer>, counted(rules, described), file, { signal }) // a stream of bytes, of another make than Node's
      return
    }
    if (described.kind === 'folder' && path !== null) await mkdir(join(folder, path), { recursive: true, mode: 0o700 })
    if (described.kind === 'link' && path !== null) {
      const to = entry.linkpath ?? ''
      rules.link(described.name, path, to)
      links.push({ path, target: to })
    }
    entry.resume()
  }
  try {
    const either = AbortSignal.any([signal, failed.signal])
    await feed(parser, archive, either)
    await work
    failed.signal.throwIfAborted()
    rules.checkLinks()
    await makeLinks(folder, links)
  } catch (error) {
    await work
    const cause: unknown = failed.signal.aborted ? failed.signal.reason : error
    if (cause instanceof ClusterError || signal.aborted) throw signal.aborted ? toError(signal.reason) : cause
    throw new ClusterError('bad-argument', `the archive cannot be unpacked: ${toError(cause).message}`, { cause })
  }
}

/** Writes the file into the parser at the pace at which entries are taken. */
async function feed(parser: Parser, archive: string, signal: AbortSignal): Promise<void> {
  const ended = new Promise<void>((resolve, reject) => {
    parser.on('end', () => resolve())
    parser.on('error', (error: unknown) => reject(toError(error)))
    signal.addEventListener('abort', () => reject(toError(signal.reason)), { once: true })
  })
  ended.catch(() => {}) // awaited below
  for await (const chunk of createReadStream(archive, { highWaterMark: 256 * 1024 }) as AsyncIterable<Buffer>) {
    signal.throwIfAborted()
    if (!parser.write(chunk)) await Promise.race([new Promise<void>((resolve) => void parser.once('drain', () => resolve())), ended])
  }
  parser.end()
  await ended
}

function describe(entry: ReadEntry): ArchiveEntry {
  const name = entry.path
  const sizeBytes = entry.size ?? 0
  switch (entry.type) {
    case 'File':
    case 'OldFile':
    case 'ContiguousFile':
      return { name, kind: 'file', sizeBytes }
    case 'Directory':
    case 'GNUDumpDir':
      return { name, kind: 'folder', sizeBytes: 0 }
    case 'SymbolicLink':
      return { name, kind: 'link', sizeBytes: 0 }
    case 'Link':
      return { name, kind: 'other', sizeBytes: 0, what: 'a hard link' }
    default:
      return { name, kind: 'other', sizeBytes: 0, what: `a ${entry.type}` }
  }
}
