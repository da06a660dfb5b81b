import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import * as z from 'zod'
import { VersionInfo } from '#runtime/api/version.ts'
import { commonFlags, FlagValues } from '#runtime/cli/command.ts'
import { apiFlags, openApi } from '#runtime/cli/http/api-target.ts'
import { forgetTempDir, rememberTempDir } from '#runtime/cli/known-temp-dirs.ts'
import { aFolder } from '../../head/head-process.ts'
import { aServer } from '../../client/a-server.ts'
import { aServedHead } from '../../head/http/served-head.ts'

const variables = [
  'SHOAL_API_ADDRESS',
  'SHOAL_API_TOKEN',
  'RAY_API_SERVER_ADDRESS',
  'RAY_ADDRESS',
  'RAY_AUTH_TOKEN',
  'RAY_AUTH_TOKEN_PATH',
  'SHOAL_TEMP_DIR',
] as const

afterEach(() => void vi.unstubAllEnvs())

function valuesOf(flags: Readonly<Record<string, string>>, env: Partial<Record<(typeof variables)[number], string>> = {}): FlagValues {
  for (const name of variables) vi.stubEnv(name, env[name])
  return new FlagValues({ ...commonFlags, ...apiFlags }, new Map(Object.entries(flags)))
}

test('the head of this machine is found by its folder, with its token', async () => {
  const head = await aServedHead()
  const client = openApi(valuesOf({ 'temp-dir': head.head.layout.tempDir }))
  expect(client.url).toBe(head.url)
  expect(await client.getJson('/api/version', VersionInfo)).toMatchObject({ version: '4' })
})

test('with several heads on the machine the variable chooses as the flag does, and the flag comes first', async () => {
  const [one, other] = [await aServedHead(), await aServedHead()]
  const [first, second] = [one.head.layout.tempDir, other.head.layout.tempDir]
  const urlOf = (flags: Record<string, string>, variable?: string) =>
    openApi(valuesOf(flags, variable === undefined ? {} : { SHOAL_TEMP_DIR: variable })).url
  vi.stubEnv('TMPDIR', aFolder())
  rememberTempDir(first)
  rememberTempDir(second)
  expect([urlOf({}, first), urlOf({}, second)]).toEqual([one.url, other.url])
  expect(urlOf({ 'temp-dir': first }, second)).toBe(one.url)
  expect(() => urlOf({})).toThrow(/several heads run on this machine.*--temp-dir/)
  expect(() => urlOf({}, '/nowhere')).toThrow(/in \/nowhere; .*heads run in /)
  forgetTempDir(second)
  expect(urlOf({})).toBe(one.url)
  expect(() => urlOf({}, '/nowhere')).toThrow(/in \/nowhere;/)
})

test('an address of this machine gets its token, however it is written, and another address never does', async () => {
  const head = await aServedHead()
  const folder = { 'temp-dir': head.head.layout.tempDir }
  const other = await aServer((request, response) => response.end(JSON.stringify({ came: request.headers.authorization ?? 'nothing' })))
  for (const address of [head.url, `${head.url}/`, `http://localhost:${head.port}`]) {
    await openApi(valuesOf({ ...folder, address })).getJson('/api/version', VersionInfo)
  }
  const Came = z.object({ came: z.string() })
  expect(await openApi(valuesOf({ ...folder, address: other.url })).getJson('/', Came)).toEqual({ came: 'nothing' })
  expect(await openApi(valuesOf({ ...folder, address: other.url }, { SHOAL_API_TOKEN: 'abc' })).getJson('/', Came)).toEqual({
    came: 'Bearer abc',
  })
})

test('the flag comes before the variables, ours before those of Ray, and RAY_ADDRESS counts when it is HTTP', () => {
  const urlOf = (flags: Record<string, string>, env: Parameters<typeof valuesOf>[1]) =>
    openApi(valuesOf({ 'temp-dir': '/nowhere', ...flags }, env)).url
  const ray = { RAY_API_SERVER_ADDRESS: 'http://b:2', RAY_ADDRESS: 'http://c:3' }
  expect(urlOf({ address: 'http://f:9/' }, { SHOAL_API_ADDRESS: 'http://a:1', ...ray })).toBe('http://f:9')
  expect(urlOf({}, { SHOAL_API_ADDRESS: 'http://a:1', ...ray })).toBe('http://a:1')
  expect(urlOf({}, ray)).toBe('http://b:2')
  expect(urlOf({}, { RAY_ADDRESS: 'http://c:3' })).toBe('http://c:3')
  expect(() => urlOf({}, { RAY_ADDRESS: '10.0.0.5:6379' })).toThrow(/no head with an HTTP API runs on this machine/)
  expect(() => urlOf({ address: 'ftp://x' }, {})).toThrow(/http:\/\/HOST:PORT/)
  expect(() => urlOf({ address: '10.0.0.5:6379' }, {})).toThrow(/http:\/\/HOST:PORT/)
})

test('a token comes from its file, which must be there', async () => {
  const head = await aServedHead()
  const file = join(aFolder(), 'token')
  writeFileSync(file, `${head.readToken}\n`)
  const client = openApi(valuesOf({ 'temp-dir': '/nowhere', address: head.url, 'token-file': file }))
  expect(await client.getJson('/api/version', VersionInfo)).toBeDefined()
  await expect(client.send({ method: 'POST', path: '/api/jobs/', json: { entrypoint: 'true' } })).rejects.toMatchObject({
    code: 'auth.refused',
    message: expect.stringContaining('may only read'),
  })
  expect(() => openApi(valuesOf({ address: head.url, 'token-file': '/nowhere/token' }))).toThrow(/\/nowhere\/token cannot be read/)
})
