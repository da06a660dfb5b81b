import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { bearer, carriedToken, openTokens } from '#runtime/head/http/authenticate.ts'
import { tokenFileOf } from '#runtime/session/api-tokens.ts'
import { makeSessionFolders, sessionLayout } from '#runtime/session/layout.ts'
import { aFolder } from '../head-process.ts'

function aLayout() {
  const layout = sessionLayout(aFolder())
  makeSessionFolders(layout)
  return layout
}

test('two tokens are made once, and each is known for what it is', () => {
  const layout = aLayout()
  const tokens = openTokens(layout)
  const full = readFileSync(tokenFileOf(layout, 'full'), 'utf8').trim()
  const read = readFileSync(tokenFileOf(layout, 'read'), 'utf8').trim()
  expect([tokens.accessOf(full), tokens.accessOf(read), tokens.accessOf(''), tokens.accessOf(`${full}0`)]).toEqual([
    'full',
    'read',
    undefined,
    undefined,
  ])
  expect(openTokens(layout).accessOf(full)).toBe('full')
})

test('a token file that others could read is closed, and one that holds something else stops the start', () => {
  const layout = aLayout()
  openTokens(layout)
  const file = tokenFileOf(layout, 'full')
  chmodSync(file, 0o644)
  openTokens(layout)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  writeFileSync(file, 'password\n')
  expect(() => openTokens(layout)).toThrow(/must hold a token of 64 hexadecimal letters/)
  expect(() => openTokens(layout)).not.toThrow(/password/)
})

test('a token is read from its header or its cookie, and nothing else counts as one', () => {
  expect(bearer('Bearer abc')).toEqual({ kind: 'token', token: 'abc' })
  expect(bearer('bearer  abc ')).toEqual({ kind: 'token', token: 'abc' })
  for (const text of ['abc', 'Bearer', 'Bearer ', 'Basic abc', 'Bearer a b']) expect(bearer(text)).toEqual({ kind: 'malformed' })
  expect(carriedToken({})).toEqual({ kind: 'none' })
  expect(carriedToken({ cookie: 'x-ray-authentication-token=abc' })).toEqual({ kind: 'none' })
  expect(carriedToken({ cookie: 'a=1;ray-authentication-token=abc; b=2' })).toEqual({ kind: 'token', token: 'abc' })
})
