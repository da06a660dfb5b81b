import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { chmodSync, existsSync, readFileSync } from 'node:fs'
import { ClusterError } from '../../base/errors.ts'
import { type Access, tokenFileOf } from '../../session/api-tokens.ts'
import type { SessionLayout } from '../../session/layout.ts'
import { writeFileAtomic } from '../../session/process-record.ts'

/** Ray's name for it, so that its web page works with ours. */
export const tokenCookie = 'ray-authentication-token'

const tokenBytes = 32
const longestToken = 512

/** Knows the tokens by their hashes only. */
export type TokenCheck = {
  /** Undefined for a token that is none of ours. Takes the same time for any text. */
  accessOf(token: string): Access | undefined
}

/**
 * Reads the two tokens of the head's folder, or makes them: 64 hex letters each, files 0600. They stay the same for the life of the folder.
 * @throws ClusterError `cluster.start-failed` when a file holds something else.
 */
export function openTokens(layout: SessionLayout): TokenCheck {
  const known = (['full', 'read'] as const).map((access) => ({ access, hash: hashOf(openToken(tokenFileOf(layout, access))) }))
  return {
    accessOf(token) {
      const hash = hashOf(token.slice(0, longestToken))
      let found: Access | undefined
      for (const each of known) if (timingSafeEqual(each.hash, hash)) found ??= each.access
      return found
    },
  }
}

function openToken(path: string): string {
  if (!existsSync(path)) writeFileAtomic(path, `${randomBytes(tokenBytes).toString('hex')}\n`)
  chmodSync(path, 0o600)
  const token = readFileSync(path, 'utf8').trim()
  if (/^[0-9a-f]{64}$/.test(token)) return token
  throw new ClusterError(
    'cluster.start-failed',
    `${path} must hold a token of 64 hexadecimal letters; remove it, and the head makes a new one`,
  )
}

const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest()

/** What a request carries. `malformed`: there is something, but not `Bearer` and a token. */
export type Carried = { readonly kind: 'none' | 'malformed' } | { readonly kind: 'token'; readonly token: string }

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>

/** Looks at `Authorization`, then `X-Ray-Authorization`, then the cookie; the first that is there counts (Ray: authentication/http_token_authentication.py). */
export function carriedToken(headers: Headers): Carried {
  const header = headers['authorization'] ?? headers['x-ray-authorization']
  if (header !== undefined) return bearer(Array.isArray(header) ? '' : String(header))
  const cookie = findCookie(String(headers['cookie'] ?? ''), tokenCookie)
  return cookie === undefined ? { kind: 'none' } : { kind: 'token', token: cookie }
}

export function bearer(text: string): Carried {
  const token = /^Bearer +(\S+) *$/i.exec(text)?.[1]
  return token === undefined ? { kind: 'malformed' } : { kind: 'token', token }
}

function findCookie(header: string, name: string): string | undefined {
  for (const pair of header.split(';')) {
    const at = pair.indexOf('=')
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim()
  }
  return undefined
}
