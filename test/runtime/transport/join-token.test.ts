import { expect, test } from 'vitest'
import { createClusterAuthority, fingerprintOf } from '#runtime/transport/certificates.ts'
import { hashJoinToken, isJoinToken, mintJoinToken, parseJoinToken } from '#runtime/transport/join-token.ts'

test('a join token carries the fingerprint of its authority and is never the same twice', () => {
  const authority = createClusterAuthority()
  const [token, other] = [mintJoinToken(authority), mintJoinToken(authority)]
  expect(token).toMatch(/^shoal1\.[\w-]{43}\.[\w-]{43}$/)
  expect(token).not.toBe(other)
  expect(parseJoinToken(token).caFingerprint).toEqual(fingerprintOf(authority.caCertPem))
})

test('a token is known by its hash, and any other is not', () => {
  const token = mintJoinToken(createClusterAuthority())
  const hash = hashJoinToken(token)
  expect(isJoinToken(token, hash)).toBe(true)
  for (const wrong of [
    `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`,
    token.slice(0, -1),
    `${token} `,
    '',
    mintJoinToken(createClusterAuthority()),
  ]) {
    expect(isJoinToken(wrong, hash)).toBe(false)
  }
  expect(isJoinToken(token, 'short')).toBe(false)
})

test('what is no token is refused without being repeated', () => {
  for (const text of ['', 'secret-thing', 'shoal2.a.b', 'shoal1.short.short']) {
    expect(() => parseJoinToken(text)).toThrow(
      expect.objectContaining({ code: 'bad-argument', message: expect.not.stringContaining('secret-thing') }),
    )
  }
})
