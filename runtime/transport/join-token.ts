import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { ClusterError } from '../base/errors.ts'
import { fingerprintOf } from './certificates.ts'

/**
 * A join token lets a machine without a certificate ask for one: `shoal1.<sha256 of the CA's certificate>.<32 random bytes>`,
 * both base64url. The first part proves the listener to the joiner, the whole proves the joiner to the head.
 */
const pattern = /^shoal1\.([A-Za-z0-9_-]{43})\.([A-Za-z0-9_-]{43})$/

export type JoinToken = { readonly caFingerprint: Buffer }

/** Returns a new token. The head keeps only `hashJoinToken` of it. */
export function mintJoinToken({ caCertPem }: { caCertPem: string }): string {
  return `shoal1.${fingerprintOf(caCertPem).toString('base64url')}.${randomBytes(32).toString('base64url')}`
}

/** @throws ClusterError `bad-argument` when the text is not a join token; the message does not repeat it. */
export function parseJoinToken(text: string): JoinToken {
  const match = pattern.exec(text)
  if (match?.[1] === undefined)
    throw new ClusterError('bad-argument', 'this is not a join token: one starts with shoal1. and has three parts; copy it whole')
  return { caFingerprint: Buffer.from(match[1], 'base64url') }
}

/** Sha256 of the token as hex: enough to check one, of no use to a thief. */
export function hashJoinToken(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** Whether `text` is the token behind `expectedHash`. Takes the same time wherever they differ. */
export function isJoinToken(text: string, expectedHash: string): boolean {
  const expected = Buffer.from(expectedHash, 'hex')
  const seen = createHash('sha256').update(text).digest()
  return expected.length === seen.length && timingSafeEqual(seen, expected)
}
