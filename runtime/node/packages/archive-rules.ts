import { posix } from 'node:path'
import { ClusterError } from '../../base/errors.ts'

/** What an archive may hold. */
export type ArchiveLimits = {
  readonly maxEntries: number
  readonly maxFileBytes: number
  readonly maxTotalBytes: number
  /** How many times larger than the archive its content may be; small archives get `freeBytes` whatever they weigh. */
  readonly maxRatio: number
  readonly freeBytes: number
}

export const defaultArchiveLimits: ArchiveLimits = {
  maxEntries: 200_000,
  maxFileBytes: 8 * 1024 ** 3,
  maxTotalBytes: 16 * 1024 ** 3,
  maxRatio: 200,
  freeBytes: 64 * 1024 ** 2,
}

export type ArchiveEntry = {
  readonly name: string
  readonly kind: 'file' | 'folder' | 'link' | 'other'
  /** As the archive says; counted again while it is written. */
  readonly sizeBytes: number
  /** What kind of thing, where it is `other`: for the message. */
  readonly what?: string
}

const longestName = 1_024
const deepest = 64

/**
 * Says of each entry of an archive where it goes, or refuses the archive: nothing may be written outside the folder, nothing twice,
 * and no more than was agreed. Feed it every entry, in order, before or while unpacking.
 */
export class ArchiveRules {
  readonly #limits: ArchiveLimits
  readonly #archiveBytes: number
  readonly #kinds = new Map<string, 'file' | 'folder' | 'link'>()
  readonly #links = new Map<string, string>()
  #entries = 0
  #declaredBytes = 0
  #writtenBytes = 0

  constructor(archiveBytes: number, limits: ArchiveLimits = defaultArchiveLimits) {
    this.#archiveBytes = archiveBytes
    this.#limits = limits
  }

  /** Where the entry goes, relative to the folder; null for the folder itself. @throws ClusterError `bad-argument` naming the entry. */
  check(entry: ArchiveEntry): string | null {
    const { maxEntries, maxFileBytes } = this.#limits
    this.#entries += 1
    if (this.#entries > maxEntries) throw refused(entry.name, `is past the ${maxEntries} entries that an archive may have`)
    const path = this.#pathOf(entry.name)
    if (entry.kind === 'other') throw refused(entry.name, `is ${entry.what ?? 'no file, folder or link'}`)
    if (path === null) {
      if (entry.kind === 'folder') return null
      throw refused(entry.name, 'has no name of its own')
    }
    if (!(entry.sizeBytes <= maxFileBytes)) throw refused(entry.name, `has ${entry.sizeBytes} bytes; a file may have ${maxFileBytes}`)
    this.#declaredBytes += entry.kind === 'file' ? entry.sizeBytes : 0
    this.#checkTotal(entry.name, this.#declaredBytes)
    this.#place(path, entry)
    return path
  }

  /** Counts what comes out of an entry, as its header may lie. @throws ClusterError `bad-argument`. */
  wrote(name: string, bytes: number, ofThisEntry: number): void {
    if (ofThisEntry > this.#limits.maxFileBytes) throw refused(name, `holds more than ${this.#limits.maxFileBytes} bytes`)
    this.#writtenBytes += bytes
    this.#checkTotal(name, this.#writtenBytes)
  }

  /** A link, to be made after everything else. @throws ClusterError `bad-argument` unless it stays inside. */
  link(name: string, path: string, target: string): void {
    if (target === '' || target.includes('\0') || target.includes('\\') || posix.isAbsolute(target)) {
      throw refused(name, `is a link to ${shown(target)}; only relative links that stay inside are taken`)
    }
    const resolved = posix.normalize(posix.join(posix.dirname(path), target))
    if (resolved === '..' || resolved.startsWith('../')) throw refused(name, `is a link to ${shown(target)}, which is outside`)
    this.#links.set(path, resolved)
  }

  /** Call at the end: no link may lie on the way to another thing, or to its own target. @throws ClusterError `bad-argument`. */
  checkLinks(): void {
    for (const [path, resolved] of this.#links) {
      for (const way of [path, resolved]) {
        for (const parent of parentsOf(way)) {
          if (this.#links.has(parent)) throw refused(path, `goes through the link ${shown(parent)}`)
        }
      }
    }
  }

  #pathOf(name: string): string | null {
    if (name.length > longestName) throw refused(name, `has a name of ${name.length} characters; it may have ${longestName}`)
    if (name.includes('\0')) throw refused(name, 'has a zero byte in its name')
    if (name.includes('\\')) throw refused(name, 'has a backslash in its name')
    if (name.startsWith('/') || /^[A-Za-z]:/.test(name)) throw refused(name, 'has an absolute path')
    const parts = name.split('/').filter((part) => part !== '' && part !== '.')
    if (parts.includes('..')) throw refused(name, 'leads out of its folder')
    if (parts.length > deepest) throw refused(name, `lies ${parts.length} folders deep; ${deepest} are taken`)
    if (parts.some((part) => Buffer.byteLength(part) > 255)) throw refused(name, 'has a part that is longer than 255 bytes')
    return parts.length === 0 ? null : parts.join('/')
  }

  #place(path: string, { name, kind }: ArchiveEntry): void {
    const taken = this.#kinds.get(path)
    if (taken !== undefined && !(taken === 'folder' && kind === 'folder')) throw refused(name, 'is in the archive twice')
    for (const parent of parentsOf(path)) {
      const above = this.#kinds.get(parent)
      if (above === 'file' || above === 'link') throw refused(name, `lies below ${shown(parent)}, which is a ${above}`)
      this.#kinds.set(parent, 'folder')
    }
    if (kind !== 'other') this.#kinds.set(path, kind)
  }

  #checkTotal(name: string, bytes: number): void {
    const { maxTotalBytes, maxRatio, freeBytes } = this.#limits
    if (bytes > maxTotalBytes) throw refused(name, `brings the archive to ${bytes} bytes; ${maxTotalBytes} are taken`)
    if (bytes <= freeBytes || bytes <= this.#archiveBytes * maxRatio) return
    throw refused(
      name,
      `brings the archive to ${bytes} bytes, more than ${maxRatio} times its own ${this.#archiveBytes}: it looks like a bomb`,
    )
  }
}

function* parentsOf(path: string): Generator<string> {
  for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) yield path.slice(0, at)
}

const shown = (text: string): string => JSON.stringify(text.slice(0, 200))

export function refused(name: string, why: string): ClusterError {
  return new ClusterError('bad-argument', `the archive is refused: its entry ${shown(name)} ${why}`, {
    details: { entry: name.slice(0, 200) },
  })
}
