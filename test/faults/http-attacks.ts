import assert from 'node:assert/strict'
import { readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { WebSocket } from 'ws'
import { allRoutes } from '#runtime/api/routes/all-routes.ts'
import type { RouteRow } from '#runtime/api/routes/route-row.ts'
import { check, finish } from '../support/checks.ts'
import {
  type Answer,
  ask,
  assertInside,
  cluster,
  endAttack,
  evilText,
  forAll,
  head,
  nothingElseHappened,
  paramsOf,
  pathOf,
  place,
  queryOf,
  runJob,
  seed,
  tokens,
} from './http-world.ts'

const atOnce = 16
const writes = (row: RouteRow) => row.method !== 'get' && row.method !== 'head'
const isEvents = (row: RouteRow) => row.path === '/api/shoal/v1/events'
const name = (row: RouteRow) => `${row.method.toUpperCase()} ${row.path}`

/** Every way in which a route is reached: the one that is both is tried as both. */
const doors = allRoutes.flatMap((row) => (isEvents(row) ? [{ row }, { row, isSocket: true }] : [{ row, isSocket: row.isSocket === true }]))
const knock = ({ row, isSocket = false }: (typeof doors)[number], headers: Record<string, string | undefined>): Promise<Answer> =>
  ask(pathOf(row), { method: row.method.toUpperCase(), headers, isSocket })

/** Refused with words, in the form that the family of the path has. */
function assertRefused(row: RouteRow, answer: Answer, [status, words]: [number, RegExp]): void {
  assert.equal(answer.status, status, `${name(row)}: ${answer.status} ${answer.body}`)
  if (row.method !== 'head') assert.match(answer.body, words, name(row))
  if (row.path.startsWith('/api/shoal/')) assert.match((JSON.parse(answer.body) as { error: { code: string } }).error.code, /^[a-z.-]+$/)
}

await check('every route but the public ones refuses who has no token, a wrong one, or half of one, by each carrier', async () => {
  const none = { authorization: undefined }
  const wrong = '0'.repeat(64)
  await forAll(doors, atOnce, async (door) => {
    const { row } = door
    if (row.isPublic) return
    assertRefused(row, await knock(door, none), [401, /missing authentication token/])
    for (const headers of [
      { authorization: `Bearer ${wrong}` },
      { authorization: tokens.full },
      { authorization: `Bearer ${tokens.full.slice(0, -1)}` },
      { authorization: `Bearer ${tokens.full}0` },
      { authorization: `Basic ${tokens.full}` },
      { ...none, 'x-ray-authorization': `Bearer ${wrong}` },
      { ...none, cookie: `ray-authentication-token=${wrong}` },
      { authorization: `Bearer ${wrong}`, 'x-ray-authorization': `Bearer ${tokens.full}` },
    ])
      assertRefused(row, await knock(door, headers), [403, /Forbidden/])
  })
})

await check('every route that changes something refuses the token that may only read, and every other one takes it', async () => {
  const headers = { authorization: `Bearer ${tokens.read}` }
  await forAll(doors, atOnce, async (door) => {
    const { row } = door
    const answer = await knock(door, headers)
    if (writes(row) && !row.isPublic) assertRefused(row, answer, [403, /may only read/])
    else
      assert.ok(![401, 403, 405].includes(answer.status) || answer.status in row.answers, `${name(row)}: ${answer.status} ${answer.body}`)
  })
})

await check('every route refuses a foreign Host and a foreign Origin, the public ones too', async () => {
  await forAll(doors, atOnce, async (door) => {
    const { row } = door
    for (const host of ['evil.example', 'evil.example:8265', '127.0.0.1.evil.example', '10.1.2.3'])
      assertRefused(row, await knock(door, { host }), [403, /does not serve under the name/])
    for (const origin of ['http://evil.example', 'null', 'https://127.0.0.1.evil.example', 'file://'])
      assertRefused(row, await knock(door, { origin }), [403, /may not use this head/])
  })
})

await check('every route that changes something refuses what a web page could send', async () => {
  const signs = [{ 'user-agent': 'Mozilla/5.0' }, { origin: `http://${place.host}:${place.port}` }, { 'sec-fetch-site': 'same-origin' }]
  await forAll(
    doors.filter(({ row }) => writes(row) && row.path !== '/api/authenticate'),
    atOnce,
    async (door) => {
      for (const headers of signs) assertRefused(door.row, await knock(door, headers), [405, /a browser may only read/])
    },
  )
})

const leads = [
  ...[
    '../../../../../../etc/passwd',
    '/etc/passwd',
    '..',
    '.',
    './x',
    'a/../../b',
    '..\\..\\x',
    '....//....//etc/passwd',
    '~root/.ssh/id_rsa',
  ],
  ...[
    '../secret.txt',
    '../head/api-token',
    'head.log/../../secret.txt',
    join(head.tempDir, 'secret.txt'),
    'file:///etc/passwd',
    'link.log',
  ],
  ...[
    'linked/passwd',
    '%2e%2e%2fsecret.txt',
    '%252e%252e%252fsecret.txt',
    '．．／secret.txt',
    '‥/secret.txt',
    '..\u0000/secret.txt',
    'x\u0000.log',
  ],
]
const oddities = [
  ...['', ' ', '\u0000', evilText, 'x'.repeat(5_000), '__proto__', 'constructor', 'toString', '-1', '1e309', 'NaN', 'null', '[]', '{}'],
  ...["' OR 1=1 --", '$(id)', '*'.repeat(300), '**/'.repeat(60), '(a+)+$', '[', '\\', '=', 'state=FAILED', 'eyJ2IjoxfQ', '\ud800'],
]
/** As they stand in a request line, for what no encoder would write. */
const twisted = [
  ...['%2e%2e%2f%2e%2e%2fsecret.txt', '%252e%252e%252fsecret.txt', '..%c0%af..%c0%afsecret.txt', '%c0%ae%c0%ae/', '%', '%zz', '%ff%fe'],
  ...['..;/..;/', '%u002e%u002e/', '..%5c..%5csecret.txt', '%e0%80%af', '..%00/', '%2Fetc%2Fpasswd', '%0d%0aX-Evil:%201'],
]
const encoded = (text: string) => encodeURIComponent(text.toWellFormed())
const garbage = fc.sample(fc.string({ unit: 'binary', maxLength: 40 }), { numRuns: 12, seed })
const values = [...[...leads, ...oddities, ...garbage].map(encoded), ...twisted]

/** No failure of ours, but where the route is made to answer with one. */
function assertTold(row: RouteRow, path: string, { status, body }: Answer): void {
  assert.ok(status < 500 || status in row.answers, `${row.method.toUpperCase()} ${path} answered ${status} ${body}`)
}

symlinkSync('/etc/passwd', join(head.layout.logDir, 'link.log'))
symlinkSync('/etc', join(head.layout.logDir, 'linked'))

await check('no parameter in any path leads elsewhere or breaks the head', async () => {
  let tried = 0
  await forAll(
    doors.filter(({ row }) => paramsOf(row).length > 0),
    atOnce,
    async ({ row, isSocket = false }) => {
      for (const param of paramsOf(row)) {
        for (const value of values) {
          const path = pathOf(row, { [param]: value })
          const answer = await ask(path, { method: row.method.toUpperCase(), isSocket })
          assertTold(row, path, answer)
          assert.notEqual(answer.status, 101, path)
          tried += 1
        }
      }
    },
  )
  assert.ok(tried > 500, `${tried} were tried`)
})

await check('no parameter in any query leads elsewhere or breaks the head', async () => {
  const params = doors.flatMap((door) => Object.keys(door.row.query?.shape ?? {}).map((param) => ({ ...door, param })))
  let tried = 0
  await forAll(params, atOnce, async ({ row, isSocket = false, param }) => {
    for (const value of values) {
      const path = `${pathOf(row)}?${[...queryOf(row, param), `${param}=${value}`].join('&')}`
      assertTold(row, path, await ask(path, { method: row.method.toUpperCase(), isSocket }))
      tried += 1
    }
    const twice = `${pathOf(row)}?${[...queryOf(row, param), `${param}=1&${param}=2&${param}[]=3&__proto__=4&__proto__=5`].join('&')}`
    assertTold(row, twice, await ask(twice, { method: row.method.toUpperCase(), isSocket }))
  })
  assert.ok(tried > 5_000, `${tried} were tried`)
})

await check('a link in the folder of logs is not there for anybody', async () => {
  for (const file of ['link.log', 'linked/passwd', 'linked'])
    assert.equal((await ask(`/api/v0/logs/file?node_id=${head.nodeId}&filename=${encoded(file)}`)).status, 404, file)
  assert.doesNotMatch((await ask(`/api/v0/logs?node_id=${head.nodeId}&glob=**`)).body, /link/)
  assert.match((await ask(`/api/v0/logs/file?node_id=${head.nodeId}&filename=agent.log&lines=-1`)).body, /agent\./)
})

const bodies: readonly (string | Uint8Array)[] = [
  ...['', 'null', '[]', '"x"', '7', '{', '{"a":', '{}', '[{}]', '{"entrypoint":null}', '{"entrypoint":{"toString":1}}', '\ufeff{}'],
  ...['['.repeat(200_000), '{"a":'.repeat(100_000), `{"entrypoint":"${'x'.repeat(3_000_000)}"}`, `{"metadata":${'{"a":'.repeat(50_000)}`],
  ...['{"__proto__":{"entrypoint":"id"}}', '{"entrypoint":"true","__proto__":{"x":1},"constructor":{"prototype":{}}}'],
  ...['{"entrypoint":"a\\u0000b"}', '{"entrypoint":"true","runtime_env":{"env_vars":{"A":"a\\u0000b"}}}', '{"withinMs":1e999}'],
  ...['{"entrypoint":"true","runtime_env":{"py_executable":"a\\u0000b"}}', '{"entrypoint":"true","runtime_env":{"pip":["a\\u0000b"]}}'],
  ...['{"entrypoint":"true","submission_id":"../../x"}', '{"entrypoint":"true","runtime_env":{"working_dir":"gcs://../../secret.zip"}}'],
  `{"entrypoint":"true","submission_id":${JSON.stringify(evilText)}}`,
  ...[Uint8Array.of(0xff, 0xfe, 0), Uint8Array.of(0x7b, 0x22, 0xc0, 0xaf, 0x22, 0x3a, 0x31, 0x7d)],
  ...fc.sample(fc.json(), { numRuns: 20, seed }),
]

await check('no body makes a route fail, and none of these makes a job', async () => {
  const before = (await ask('/api/jobs/')).body
  await forAll(
    doors.filter(({ row }) => writes(row)),
    8,
    async ({ row }) => {
      for (const body of bodies) {
        const path = pathOf(row)
        const answer = await ask(path, { method: row.method.toUpperCase(), body })
        assertTold(row, path, answer)
        if (row.path.endsWith('/jobs/') || row.path.endsWith('/jobs'))
          assert.equal(answer.status, 400, `${String(body).slice(0, 100)}: ${answer.status} ${answer.body.slice(0, 500)}`)
      }
    },
  )
  assert.equal((await ask('/api/jobs/')).body, before)
})

await check('whatever a client says on a WebSocket, it is told what is wrong, and the head serves on', async () => {
  const messages = ['', 'null', '{', '[]', '{"type":"open"}', '{"type":"open","selectors":[]}', '['.repeat(60_000), evilText]
  const patterns = ['(a+)+$', '[', '(?<a>.)\\k<a>+'].map((regex) => JSON.stringify({ type: 'open', selectors: [{ file: '**' }], regex }))
  const traversals = leads.map((file) => JSON.stringify({ type: 'open', selectors: [{ file }], tail: -1 }))
  await forAll([...messages, ...patterns, ...traversals], 8, async (message) => {
    const said = await sayOnce(message)
    assertInside(said, message)
    assert.doesNotMatch(said, /"code":"internal"/, message)
  })
})

/** All that comes back for one message, until the head closes or has shown what there is. */
function sayOnce(message: string): Promise<string> {
  const socket = new WebSocket(`ws://${place.host}:${place.port}/api/shoal/v1/logs/stream`, {
    headers: { authorization: `Bearer ${tokens.full}` },
  })
  let said = ''
  return new Promise((resolve) => {
    const timer = setTimeout(() => socket.terminate(), 5_000)
    socket.on('open', () => socket.send(message))
    socket.on('message', (data) => {
      said += String(data as Buffer) // `ws` hands out buffers
      if (said.includes('"type":"live"')) socket.terminate()
    })
    socket.on('error', () => {}) // 'close' follows
    socket.on('close', () => {
      clearTimeout(timer)
      resolve(said)
    })
  })
}

await check('a command and its variables may be as long as the system takes, and what is longer is told at once', async () => {
  const longest = `: ${'x'.repeat(131_000)}; echo end`
  assert.match((await runJob({ entrypoint: longest })).log, /\nend\n$/)
  const answer = await ask('/api/jobs/', { method: 'POST', body: JSON.stringify({ entrypoint: 'x'.repeat(131_072) }) })
  assert.equal(answer.status, 400)
  assert.match(answer.body, /shorter than 131072 bytes/)
})

await check('no token stands in a log or on a command line', async () => {
  const secret = [tokens.full, tokens.read]
  for (const file of readdirSync(head.layout.logDir, { withFileTypes: true }).filter((entry) => entry.isFile())) {
    const text = readFileSync(join(head.layout.logDir, file.name), 'utf8')
    assert.ok(!secret.some((token) => text.includes(token)), file.name)
  }
  for (const pid of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    const text = commandLine(pid)
    assert.ok(!secret.some((token) => text.includes(token)), `process ${pid}`)
  }
  assert.doesNotMatch(readFileSync(join(head.layout.logDir, 'head.log'), 'utf8'), /http\.handler-failed|http\.request-failed/)
})

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1')
  } catch {
    return '' // it has ended
  }
}

await check('after all of that the head is the same, a job runs, and what was there is there', async () => {
  await nothingElseHappened()
  const before = (await ask('/api/jobs/')).body
  await cluster.killHead()
  await cluster.restartHead()
  assert.equal((await ask('/api/jobs/')).body, before)
})

await endAttack()
finish()
