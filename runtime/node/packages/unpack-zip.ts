import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Entry, getFileNameLowLevel, openPromise, type ZipFile } from 'yauzl'
import { ClusterError, toError } from '../../base/errors.ts'
import { type ArchiveEntry, ArchiveRules, refused } from './archive-rules.ts'
import { counted, type PlannedLink, makeLinks, type Unpacking } from './unpacking.ts'

const longestTarget = 4_096
const typeBits = 0o170000
const typeNames: Readonly<Record<number, string>> = { 0o010000: 'a pipe', 0o020000: 'a device', 0o060000: 'a device', 0o140000: 'a socket' }

/** Looks at the whole directory of the archive first, and writes nothing when any entry is refused. */
export async function unpackZip({ archive, folder, sizeBytes, signal, limits }: Unpacking): Promise<void> {
  const rules = new ArchiveRules(sizeBytes, limits)
  const zip = await open(archive)
  try {
    const planned: { entry: Entry; name: string; path: string; kind: ArchiveEntry['kind'] }[] = []
    for await (const entry of zip.eachEntry()) {
      const described = describe(entry)
      const path = rules.check(described)
      if (path !== null) planned.push({ entry, name: described.name, path, kind: described.kind })
    }
    const links: PlannedLink[] = []
    for (const { entry, name, path, kind } of planned) {
      signal.throwIfAborted()
      const target = join(folder, path)
      if (kind === 'folder') {
        await mkdir(target, { recursive: true, mode: 0o700 })
        continue
      }
      const stream = await zip.openReadStreamPromise(entry)
      stream.on('error', () => {}) // what breaks after the pipeline has ended must not end the process; the pipeline tells the first
      if (kind === 'link') {
        const to = await readText(stream, name)
        rules.link(name, path, to)
        links.push({ path, target: to })
        continue
      }
      await mkdir(dirname(target), { recursive: true, mode: 0o700 })
      const file = createWriteStream(target, { flags: 'wx', mode: modeOf(entry) })
      await pipeline(stream, counted(rules, { name, sizeBytes: entry.uncompressedSize }), file, { signal })
    }
    rules.checkLinks()
    await makeLinks(folder, links)
  } catch (error) {
    throw named(error)
  } finally {
    zip.close()
  }
}

async function open(archive: string): Promise<ZipFile> {
  try {
    return await openPromise(archive, { lazyEntries: true, autoClose: false, decodeStrings: false, validateEntrySizes: false }) // sizes are held to by `counted`
  } catch (error) {
    throw named(error)
  }
}

/** With `decodeStrings` off names are bytes, and judging them is ours alone. */
function describe(entry: Entry): ArchiveEntry {
  const raw = entry.fileName as unknown // bytes, as the option asked for; the types know only text
  if (!Buffer.isBuffer(raw)) throw new TypeError('yauzl decoded a name')
  const name = getFileNameLowLevel(entry.generalPurposeBitFlag, raw, entry.extraFields, true)
  if ((entry.generalPurposeBitFlag & 1) !== 0) throw refused(name, 'is encrypted')
  const mode = entry.externalFileAttributes >>> 16
  const type = mode & typeBits
  const sizeBytes = entry.uncompressedSize
  if (type === 0o120000) return { name, kind: 'link', sizeBytes: 0 }
  if (name.endsWith('/') || type === 0o040000) return { name, kind: 'folder', sizeBytes: 0 }
  if (type !== 0 && type !== 0o100000) return { name, kind: 'other', sizeBytes, what: typeNames[type] ?? 'neither file nor folder' }
  return { name, kind: 'file', sizeBytes }
}

/** What may be run stays so; the owner may always read and write. */
function modeOf(entry: Entry): number {
  const mode = (entry.externalFileAttributes >>> 16) & 0o777
  return (mode & 0o100) === 0 ? 0o600 : 0o700
}

async function readText(stream: Readable, name: string): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength
    if (bytes > longestTarget) throw refused(name, 'is a link to a name that is too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function named(error: unknown): Error {
  if (error instanceof ClusterError) return error
  return new ClusterError('bad-argument', `the archive cannot be unpacked: ${toError(error).message}`, { cause: error })
}
