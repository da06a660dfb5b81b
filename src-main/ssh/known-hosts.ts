import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { ClusterError, toError } from '../../runtime/base/errors.ts'
import { type HostKeyLine, hashedLine, hostKeyName, isAboutHost, keyTypeOf, parseHostKeyLines } from './host-key-lines.ts'

export type HostKeyVerdict =
  | { readonly kind: 'known' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'changed'; readonly known: readonly HostKeyLine[] }
  | { readonly kind: 'revoked'; readonly line: HostKeyLine }

/** A host as its key is looked up. `name` stands for both when an alias is used. */
export type HostKeyPlace = { readonly host: string; readonly port: number; readonly extraFiles?: readonly string[] }

/** The files that ssh itself reads. */
export const usualKnownHostsFiles = (): string[] => [
  join(homedir(), '.ssh', 'known_hosts'),
  join(homedir(), '.ssh', 'known_hosts2'),
  '/etc/ssh/ssh_known_hosts',
  '/etc/ssh/ssh_known_hosts2',
]

const maxFileBytes = 16 * 1024 * 1024

/**
 * The host keys that are written down, in our own file and in those of ssh. Only our own is ever written, whole and 0600.
 * Files are read anew when they changed; one that is missing counts as empty.
 */
export class KnownHosts {
  readonly #ownFile: string
  readonly #files: readonly string[]
  readonly #read = new Map<string, { readonly stamp: string; readonly lines: readonly HostKeyLine[] }>()
  constructor(options: { ownFile: string; otherFiles?: readonly string[] }) {
    this.#ownFile = options.ownFile
    this.#files = options.otherFiles ?? usualKnownHostsFiles()
  }

  /**
   * A key of another type than those written down counts as changed: whoever stands between could choose to show one.
   * @throws ClusterError `wrong-state` when a file is there and cannot be read
   */
  check(place: HostKeyPlace, key: Uint8Array): HostKeyVerdict {
    const about = this.#about(place)
    const revoked = about.find((line) => line.isRevoked && line.key.equals(key))
    if (revoked) return { kind: 'revoked', line: revoked }
    const known = about.filter((line) => !line.isRevoked)
    if (known.some((line) => line.key.equals(key))) return { kind: 'known' }
    return known.length === 0 ? { kind: 'unknown' } : { kind: 'changed', known }
  }

  /** The types of key that are written down for a host, so that one of them is asked for. */
  knownTypes(place: HostKeyPlace): Set<string> {
    return new Set(this.#about(place).flatMap((line) => (line.isRevoked ? [] : [line.keyType])))
  }

  /** Writes a key into our own file. */
  accept(place: HostKeyPlace, key: Uint8Array): void {
    if (this.check(place, key).kind === 'known') return
    const text = readIfThere(this.#ownFile)
    const start = text === '' || text.endsWith('\n') ? text : `${text}\n`
    this.#write(`${start}${hashedLine(hostKeyName(place.host, place.port), keyTypeOf(key), key)}\n`)
  }

  /** Takes a host out of our own file, and says how many keys that were. What ssh's own files hold stays. */
  forget(place: HostKeyPlace): number {
    const name = hostKeyName(place.host, place.port)
    const text = readIfThere(this.#ownFile)
    const gone = new Set(parseHostKeyLines(text, this.#ownFile).flatMap((line) => (isAboutHost(line.hosts, name) ? [line.line] : [])))
    if (gone.size > 0) {
      this.#write(
        text
          .split('\n')
          .filter((_line, index) => !gone.has(index + 1))
          .join('\n'),
      )
    }
    return gone.size
  }

  /** All lines, or those about one host. */
  list(place?: HostKeyPlace): readonly HostKeyLine[] {
    return place ? this.#about(place) : this.#all([])
  }

  isOwnFile(file: string): boolean {
    return file === this.#ownFile
  }

  #about(place: HostKeyPlace): HostKeyLine[] {
    const name = hostKeyName(place.host, place.port)
    return this.#all(place.extraFiles ?? []).filter((line) => isAboutHost(line.hosts, name))
  }

  #all(extraFiles: readonly string[]): HostKeyLine[] {
    return [...new Set([this.#ownFile, ...this.#files, ...extraFiles])].flatMap((file) => this.#linesOf(file))
  }

  #linesOf(file: string): readonly HostKeyLine[] {
    const stamp = stampOf(file)
    const before = this.#read.get(file)
    if (before?.stamp === stamp) return before.lines
    const lines = stamp === '' ? [] : parseHostKeyLines(readIfThere(file), file)
    this.#read.set(file, { stamp, lines })
    return lines
  }

  #write(text: string): void {
    mkdirSync(dirname(this.#ownFile), { recursive: true, mode: 0o700 })
    const temporary = `${this.#ownFile}.${randomBytes(6).toString('hex')}.tmp`
    try {
      writeFileSync(temporary, text, { mode: 0o600, flag: 'wx' })
      renameSync(temporary, this.#ownFile)
    } catch (error) {
      rmSync(temporary, { force: true })
      throw new ClusterError(
        'wrong-state',
        `cannot write host keys to ${this.#ownFile}: ${toError(error).message}. Free some space or give the right to write there.`,
        {
          cause: error,
        },
      )
    }
    this.#read.delete(this.#ownFile)
  }
}

/** Empty for what is no file: missing, or a device such as /dev/null. */
function stampOf(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false, bigint: true })
  return stat?.isFile() ? `${stat.ino}:${stat.size}:${stat.mtimeNs}` : ''
}

function readIfThere(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false })
  if (!stat?.isFile()) return ''
  if (stat.size > maxFileBytes) {
    throw new ClusterError(
      'wrong-state',
      `${file} has ${stat.size} bytes, more than ${maxFileBytes} are not read as host keys. Make it smaller.`,
    )
  }
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    // Going on without it would ask about hosts that are known, or let a changed key pass for a new one.
    throw new ClusterError(
      'wrong-state',
      `cannot read the host keys in ${file}: ${toError(error).message}. Make it readable for this user.`,
      { cause: error },
    )
  }
}
