import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

/** One line of a known_hosts file. `@cert-authority` lines are no host keys, and are not among them. */
export type HostKeyLine = {
  readonly file: string
  /** From 1. */
  readonly line: number
  readonly isRevoked: boolean
  /** Patterns separated by commas, or one hashed name. */
  readonly hosts: string
  readonly keyType: string
  readonly key: Buffer
}

/** `SHA256:` and base64, as `ssh-keygen -l` prints it. */
export const fingerprintOf = (key: Uint8Array): string => `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`

/** What a key says of itself, such as `ssh-ed25519`; empty for what is no key. */
export function keyTypeOf(key: Uint8Array): string {
  const bytes = Buffer.from(key.buffer, key.byteOffset, key.byteLength)
  if (bytes.length < 4 || bytes.readUInt32BE(0) > Math.min(64, bytes.length - 4)) return ''
  return bytes.toString('latin1', 4, 4 + bytes.readUInt32BE(0))
}

/** Under which name a host is written down: the port stands there unless it is 22. */
export const hostKeyName = (host: string, port: number): string => (port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`)

/** Lines that are not as they should be are passed over, as ssh does. */
export function parseHostKeyLines(text: string, file: string): HostKeyLine[] {
  const lines: HostKeyLine[] = []
  for (const [index, raw] of text.split('\n').entries()) {
    const words = raw.trim().split(/[ \t]+/)
    if (words[0] === undefined || words[0] === '' || words[0].startsWith('#')) continue
    const marker = words[0].startsWith('@') ? words.shift() : undefined
    if (marker !== undefined && marker !== '@revoked') continue
    const [hosts, keyType, encoded] = words
    if (hosts === undefined || keyType === undefined || encoded === undefined) continue
    const key = Buffer.from(encoded, 'base64')
    if (keyTypeOf(key) !== keyType) continue
    lines.push({ file, line: index + 1, isRevoked: marker === '@revoked', hosts, keyType, key })
  }
  return lines
}

/** Is this line about the host that is written down under `name`? */
export function isAboutHost(hosts: string, name: string): boolean {
  if (hosts.startsWith('|')) return isHashOf(hosts, name)
  let isMatched = false
  for (const pattern of hosts.split(',')) {
    const isNegated = pattern.startsWith('!')
    if (!patternOf(isNegated ? pattern.slice(1) : pattern).test(name)) continue
    if (isNegated) return false
    isMatched = true
  }
  return isMatched
}

/** A line whose name only those can read who know it already. */
export function hashedLine(name: string, keyType: string, key: Uint8Array): string {
  const salt = randomBytes(20)
  return `|1|${salt.toString('base64')}|${hashOf(salt, name).toString('base64')} ${keyType} ${Buffer.from(key).toString('base64')}`
}

function isHashOf(hosts: string, name: string): boolean {
  const [, version, salt, hash] = hosts.split('|')
  if (version !== '1' || salt === undefined || hash === undefined) return false
  const expected = hashOf(Buffer.from(salt, 'base64'), name)
  const written = Buffer.from(hash, 'base64')
  return written.length === expected.length && timingSafeEqual(written, expected)
}

const hashOf = (salt: Buffer, name: string): Buffer => createHmac('sha1', salt).update(name).digest()

function patternOf(pattern: string): RegExp {
  const source = pattern
    .toLowerCase()
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*+/g, '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${source}$`)
}
