import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer as createPlainServer } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { X509Certificate } from 'node:crypto'
import { planRay } from '#src-main/cluster/ray/open-ray.ts'
import type { RayTrust } from '#src-main/contract/ray-heads.ts'

const folder = mkdtempSync(join(tmpdir(), 'shoal-ray-tls-'))
const file = (name: string) => join(folder, name)
const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'ignore' })
const version = { version: '4', ray_version: '2.58.0', ray_commit: 'x', session_name: 's' }
const nodes = { result: { total: 1, num_after_truncation: 1, result: [{ node_id: 'n', state: 'ALIVE' }] } }
let server: Server
let url: string
/** What came of each request. */
const seen: (string | undefined)[] = []

beforeAll(async () => {
  openssl(
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-keyout',
    file('ca.key'),
    '-out',
    file('ca.pem'),
    '-days',
    '2',
    '-subj',
    '/CN=our CA',
  )
  openssl(
    'req',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-keyout',
    file('head.key'),
    '-out',
    file('head.csr'),
    '-subj',
    '/CN=head',
    '-addext',
    'subjectAltName=IP:127.0.0.1',
  )
  openssl(
    'x509',
    '-req',
    '-in',
    file('head.csr'),
    '-CA',
    file('ca.pem'),
    '-CAkey',
    file('ca.key'),
    '-days',
    '2',
    '-copy_extensions',
    'copy',
    '-out',
    file('head.pem'),
  )
  server = createServer({ key: readFileSync(file('head.key')), cert: readFileSync(file('head.pem')) }, (request, response) => {
    seen.push(request.headers.authorization)
    const path = request.url ?? ''
    const isOpen = path === '/api/authentication_mode'
    response.statusCode = isOpen || request.headers.authorization === 'Bearer right-token' ? 200 : request.headers.authorization ? 403 : 401
    if (response.statusCode !== 200) return void response.end('no')
    const body = isOpen ? { authentication_mode: 'token' } : path === '/api/version' ? version : { result: true, msg: '', data: nodes }
    response.end(JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.close()
  rmSync(folder, { recursive: true, force: true })
})

const plan = (trust: RayTrust, token: string | undefined = 'right-token', where = url) =>
  planRay({ url: where, trust, token, via: undefined }, new AbortController().signal)
const fingerprint = () => new X509Certificate(readFileSync(file('head.pem'))).fingerprint256

describe('an https address', () => {
  test('whose certificate this computer does not trust is refused before the token is sent, and its fingerprint is told', async () => {
    seen.length = 0
    const found = await plan({ kind: 'system' })
    expect(found).toMatchObject({
      problem: { code: 'auth.refused', message: expect.stringContaining('is not trusted') },
      certificate: { sha256: fingerprint(), isTrusted: false, subject: expect.stringContaining('head') },
    })
    expect(seen).toEqual([])
  })

  test('is trusted by the CA that is given, and by the fingerprint of its certificate in any spelling', async () => {
    for (const trust of [
      { kind: 'ca' as const, pem: readFileSync(file('ca.pem'), 'utf8') },
      { kind: 'fingerprint' as const, sha256: fingerprint() },
      { kind: 'fingerprint' as const, sha256: fingerprint().replaceAll(':', '').toLowerCase() },
    ])
      expect(await plan(trust)).toMatchObject({ problem: null, rayVersion: '2.58.0', nodes: 1, certificate: { isTrusted: true } })
  })

  test('with another certificate than that of the fingerprint gets no token', async () => {
    seen.length = 0
    const found = await plan({ kind: 'fingerprint', sha256: 'ab'.repeat(32) })
    expect(found.problem).toMatchObject({ code: 'auth.refused', message: expect.stringContaining('another certificate') })
    expect(seen).toEqual([])
  })

  test('of what does not speak TLS says so', async () => {
    const plain = createPlainServer((_request, response) => response.end('hello'))
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void plain.close())
    const found = await plan({ kind: 'system' }, undefined, `https://127.0.0.1:${(plain.address() as AddressInfo).port}`)
    expect(found.problem).toMatchObject({ code: 'head.unavailable', message: expect.stringContaining('does not speak TLS') })
  })
})

describe('a head with tokens', () => {
  const trust = () => ({ kind: 'fingerprint' as const, sha256: fingerprint() })
  test('says that it wants one, and where it is to be found', async () => {
    const found = await plan(trust(), '')
    expect(found).toMatchObject({ wantsToken: true, problem: { message: expect.stringContaining('~/.ray/auth_token') } })
  })

  test('refuses a wrong one, which stands in no message', async () => {
    const found = await plan(trust(), 'planted-wrong-token')
    expect(found.problem).toMatchObject({ code: 'auth.refused', message: expect.stringContaining('refused the token') })
    expect(JSON.stringify(found)).not.toContain('planted')
  })
})

test('an address where nobody listens is told with its address', async () => {
  const found = await plan({ kind: 'system' }, undefined, 'http://127.0.0.1:1')
  expect(found.problem).toMatchObject({ code: 'head.unavailable', message: expect.stringContaining('http://127.0.0.1:1') })
})

test('what is no Ray head is told as such', async () => {
  const other = createPlainServer((_request, response) => response.end('<html>hello</html>'))
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void other.close())
  const found = await plan({ kind: 'system' }, undefined, `http://127.0.0.1:${(other.address() as AddressInfo).port}`)
  expect(found.problem).toMatchObject({ code: 'protocol.violation', message: expect.stringContaining('check the address') })
})
