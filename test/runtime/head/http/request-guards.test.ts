import { expect, test } from 'vitest'
import { judge, type RequestHead, type Verdict } from '#runtime/head/http/request-guards.ts'

const settings = {
  tokens: { accessOf: (token: string) => (token === 'full-token' ? 'full' : token === 'read-token' ? 'read' : undefined) },
  hosts: new Set(['head.example']),
} as const

type More = { readonly method?: string; readonly url?: string; readonly headers?: Record<string, string>; readonly localAddress?: string }

const requestOf = ({ method = 'GET', url = '/api/jobs/', headers = {}, localAddress = '127.0.0.1' }: More): RequestHead => ({
  ...{ method, url, localAddress },
  headers: { host: '127.0.0.1:8265', ...headers },
})
const authorized = { authorization: 'Bearer full-token' }

const verdict = (more: More): Verdict => judge(requestOf(more), settings)
function codeOf(more: More): string {
  const found = verdict(more)
  return found.kind === 'pass' ? `pass ${found.access ?? 'nobody'}` : found.error.code
}

test('each of the three carriers brings the token, and the first that is there counts', () => {
  expect(codeOf({ headers: authorized })).toBe('pass full')
  expect(codeOf({ headers: { 'x-ray-authorization': 'Bearer read-token' } })).toBe('pass read')
  expect(codeOf({ headers: { cookie: 'a=b; ray-authentication-token=full-token' } })).toBe('pass full')
  expect(codeOf({ headers: { authorization: 'Bearer wrong', cookie: 'ray-authentication-token=full-token' } })).toBe('auth.refused')
})

test('no token is 401, a wrong or bare one is 403', () => {
  expect(codeOf({})).toBe('auth.missing')
  expect(codeOf({ headers: { authorization: 'Bearer wrong' } })).toBe('auth.refused')
  expect(codeOf({ headers: { authorization: 'full-token' } })).toBe('auth.refused')
  expect(codeOf({ headers: { cookie: 'ray-authentication-token=' } })).toBe('auth.refused')
})

test('a token that may only read reads, and changes nothing', () => {
  const headers = { authorization: 'Bearer read-token' }
  expect(codeOf({ headers })).toBe('pass read')
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'PROPFIND'])
    expect([method, codeOf({ method, headers })]).toEqual([method, 'auth.refused'])
})

test('exactly the public paths need no token', () => {
  const open = ['/', '/favicon.ico', '/static/x.js', '/api/authentication_mode', '/api/authenticate', '/api/healthz', '/api/gcs_healthz']
  for (const url of [...open, '/api/local_raylet_healthz', '/-/healthz', '/api/gcs_healthz?x=1'])
    expect([url, codeOf({ url })]).toEqual([url, 'pass nobody'])
  for (const url of ['/api/version', '/static', '/api/healthz/', '/API/healthz', '/api/gcs_healthz/../version'])
    expect(codeOf({ url })).not.toContain('pass')
})

test('a path that means another one is refused before anything else', () => {
  const twisted = [
    '/static/../api/jobs/',
    '/static/%2e%2e/api/jobs/',
    '/static/.%2E/x',
    '//api/version',
    '/static\\..\\api',
    'http://127.0.0.1/api/jobs/',
    '*',
    '/a/./b',
  ]
  for (const url of twisted) expect([url, codeOf({ url })]).toEqual([url, 'bad-argument'])
})

test('only names under which the head serves are answered', () => {
  for (const host of ['localhost', 'localhost:9', '127.0.0.1', '127.9.9.9:1', '[::1]:8265', 'HEAD.example:80']) {
    expect([host, codeOf({ headers: { ...authorized, host } })]).toEqual([host, 'pass full'])
  }
  for (const host of ['evil.example', '10.0.0.5:8265', '127.0.0.1.evil.example', 'localhost.evil.example']) {
    expect([host, codeOf({ headers: { ...authorized, host } })]).toEqual([host, 'auth.refused'])
  }
  expect(codeOf({ headers: { ...authorized, host: '10.0.0.5:8265' }, localAddress: '::ffff:10.0.0.5' })).toBe('pass full')
  for (const host of ['', 'a b', 'user@127.0.0.1', '127.0.0.1:x'])
    expect([host, codeOf({ headers: { ...authorized, host } })]).toEqual([host, 'bad-argument'])
})

test('pages of elsewhere may not read, pages of ours may, and no page may write', () => {
  expect(codeOf({ headers: { ...authorized, origin: 'http://evil.example' } })).toBe('auth.refused')
  expect(codeOf({ headers: { ...authorized, origin: 'null' } })).toBe('auth.refused')
  expect(codeOf({ headers: { ...authorized, origin: 'http://127.0.0.1:8265' } })).toBe('pass full')
  const browsers = [
    { 'user-agent': 'Mozilla/5.0' },
    { origin: 'http://127.0.0.1:8265' },
    { referer: 'http://x/' },
    { 'sec-fetch-mode': 'cors' },
  ]
  for (const browser of browsers) {
    expect([JSON.stringify(browser), codeOf({ method: 'POST', headers: { ...authorized, ...browser } })]).toEqual([
      JSON.stringify(browser),
      'method-refused',
    ])
  }
  expect(codeOf({ method: 'POST', url: '/api/authenticate', headers: { 'user-agent': 'Mozilla/5.0' } })).toBe('pass nobody')
  expect(codeOf({ method: 'POST', headers: { ...authorized, 'user-agent': 'python-requests/2' } })).toBe('pass full')
})

test('no refusal repeats what was sent as a token', () => {
  const found = verdict({ headers: { authorization: 'Bearer s3cr3t-value', cookie: 'ray-authentication-token=other-s3cr3t' } })
  expect(found.kind === 'refuse' && found.error.message).not.toMatch(/s3cr3t/)
})
