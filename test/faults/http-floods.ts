import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packagePath } from '#runtime/api/packages.ts'
import { writeZip } from '#test/runtime/node/packages/archives.ts'
import { check, finish, until } from '../support/checks.ts'
import { api, ask, cluster, connectRaw, endAttack, forAll, head, headMemory, nothingElseHappened, runJob, tokens } from './http-world.ts'

const mebibyte = 1024 * 1024
const gigabyte = 1024 * mebibyte
const bearer = `Host: 127.0.0.1\r\nAuthorization: Bearer ${tokens.full}\r\n`
const scratch = mkdtempSync(join(tmpdir(), 'shoal-floods-'))

const filesBelow = (folder: string): string[] => readdirSync(folder, { recursive: true, encoding: 'utf8' })

/** What the head held at most while `work` ran, beyond what it held before. */
async function growthDuring(work: () => Promise<unknown>): Promise<number> {
  const before = headMemory()
  let most = before
  const timer = setInterval(() => (most = Math.max(most, headMemory())), 20)
  try {
    await work()
  } finally {
    clearInterval(timer)
  }
  return Math.max(most, headMemory()) - before
}

type Flood = { readonly said: string; readonly sentBytes: number }

/** Sends a gigabyte behind these headers, as fast as it is taken, until it is through or the head has hung up. */
function flood(headers: string, isChunked: boolean): Promise<Flood> {
  const socket = connectRaw()
  const piece = Buffer.alloc(mebibyte, 'x')
  const part = isChunked ? Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]) : piece
  let said = ''
  let sentBytes = 0
  return new Promise((resolve) => {
    const send = () => {
      while (sentBytes < gigabyte && !socket.destroyed) {
        sentBytes += piece.length
        if (!socket.write(part)) return
      }
      if (sentBytes >= gigabyte && isChunked) socket.end('0\r\n\r\n')
    }
    socket.setEncoding('latin1').on('data', (text: string) => (said += text))
    socket.on('drain', send)
    socket.once('close', () => resolve({ said, sentBytes: sentBytes - socket.writableLength }))
    socket.once('connect', () => {
      socket.write(headers)
      send()
    })
  })
}

const chunked = 'Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n'
const sized = `Content-Length: ${gigabyte}\r\nConnection: close\r\n\r\n`
const floods: readonly (readonly [string, RegExp])[] = [
  [`POST /api/jobs/ HTTP/1.1\r\n${bearer}`, /^HTTP\/1.1 413 /],
  [`POST /api/shoal/v1/jobs HTTP/1.1\r\n${bearer}`, /^HTTP\/1.1 413 [^]*"too-large"/],
  [`POST /api/shoal/v1/nodes/${'0'.repeat(56)}/drain HTTP/1.1\r\n${bearer}`, /^HTTP\/1.1 413 [^]*"too-large"/],
  [`POST /api/authenticate HTTP/1.1\r\nHost: 127.0.0.1\r\n`, /^HTTP\/1.1 (401|413) /],
  [`POST /api/jobs/ HTTP/1.1\r\nHost: 127.0.0.1\r\n`, /^HTTP\/1.1 401 /],
  [`PUT ${packagePath('none.zip')} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${tokens.read}\r\n`, /^HTTP\/1.1 403 /],
  [`GET /api/jobs/ HTTP/1.1\r\n${bearer}`, /^HTTP\/1.1 (200|413) /],
  [`POST /no/such/path HTTP/1.1\r\n${bearer}`, /^HTTP\/1.1 (404|413) /],
]

await check(
  'a body of a gigabyte is refused on every kind of path, whatever it says of its size, and the head does not hold it',
  async () => {
    const growth = await growthDuring(() =>
      forAll(
        floods.flatMap(([headers, wanted]) => [true, false].map((isChunked) => ({ headers, wanted, isChunked }))),
        2,
        async ({ headers, wanted, isChunked }) => {
          const { said, sentBytes } = await flood(headers + (isChunked ? chunked : sized), isChunked)
          const [line = ''] = headers.split('\r\n')
          assert.match(
            said,
            wanted,
            `${line}, ${isChunked ? 'chunked' : 'sized'}: ${sentBytes} bytes sent, answered: ${said.slice(0, 300)}`,
          )
        },
      ),
    )
    assert.ok(growth < 128 * mebibyte, `the head grew by ${Math.round(growth / mebibyte)} MiB`)
    await nothingElseHappened()
  },
)

await check('a package that does not say how large it is ends at the limit, and nothing of it stays', async () => {
  const growth = await growthDuring(async () => {
    const { said } = await flood(`PUT ${packagePath('_ray_pkg_0000000000000009.zip')} HTTP/1.1\r\n${bearer}${chunked}`, true)
    assert.match(said, /^HTTP\/1.1 413 /)
  })
  assert.ok(growth < 128 * mebibyte, `the head grew by ${Math.round(growth / mebibyte)} MiB`)
  const left = filesBelow(head.layout.headDir).filter((path) => path.includes('0000000000000009'))
  assert.deepEqual(left, [])
})

await check(
  'clients that send headers and bodies a letter at a time are told so and cut off, and others are served meanwhile',
  async () => {
    const starts = [
      'GET /api/version HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ',
      `POST /api/jobs/ HTTP/1.1\r\n${bearer}Content-Length: 1000\r\n\r\n`,
      `POST /api/jobs/ HTTP/1.1\r\n${bearer}Transfer-Encoding: chunked\r\n\r\n`,
      `PUT ${packagePath('slow.zip')} HTTP/1.1\r\n${bearer}Content-Length: 1000\r\n\r\n`,
    ]
    const slow = Array.from({ length: 80 }, (_, index) => ({ socket: connectRaw(), start: starts[index % starts.length] ?? '', said: '' }))
    const closed = slow.map((client) => {
      client.socket.setEncoding('latin1').on('data', (text: string) => (client.said += text))
      client.socket.write(client.start)
      return new Promise((resolve) => client.socket.once('close', resolve))
    })
    const drip = setInterval(() => {
      for (const { socket, start } of slow) if (socket.writable) socket.write(start.includes('chunked') ? '1\r\nx\r\n' : 'x')
    }, 300)
    const slowest = await slowestAnswerUntil(Promise.all(closed))
    clearInterval(drip)
    for (const { start, said } of slow) assert.match(said, /^HTTP\/1.1 408 /, `${start.slice(0, 40)}: ${said.slice(0, 200)}`)
    assert.ok(slowest < 2_000, `somebody else waited ${Math.round(slowest)} ms`)
    assert.ok(!filesBelow(head.layout.headDir).some((path) => path.includes('slow.zip')))
  },
)

/** Asks again and again until `over`; the longest wait in ms. */
async function slowestAnswerUntil(over: Promise<unknown>): Promise<number> {
  let isOver = false
  void over.finally(() => (isOver = true))
  let slowest = 0
  while (!isOver) {
    const startedMs = performance.now()
    assert.equal((await ask('/api/jobs/')).status, 200)
    slowest = Math.max(slowest, performance.now() - startedMs)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return slowest
}

await check('readers that never read a log of 64 MB cost the head no memory, and are no obstacle for one that does', async () => {
  const line = 'y'.repeat(1_000)
  const { submission_id: id } = await runJob({ entrypoint: `yes ${line} | head -n 64000` })
  const path = `/api/jobs/${id ?? ''}/logs/tail`
  const upgrade =
    'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n'
  const idle = Array.from({ length: 40 }, () => connectRaw().pause())
  for await (const _text of await api.openSocket(path)); // what one reader costs the head, it has from now on
  const growth = await growthDuring(async () => {
    for (const socket of idle) socket.write(`GET ${path} HTTP/1.1\r\n${bearer}${upgrade}\r\n`)
    let seen = 0
    for await (const text of await api.openSocket(path)) seen += text.length
    assert.ok(seen >= 64_000 * 1_001, `${seen} letters came`)
  })
  for (const socket of idle) socket.destroy()
  // Kept for each, it would be 2.5 GB; how much garbage stands at a time depends on what else the machine does.
  assert.ok(growth < 400 * mebibyte, `the head grew by ${Math.round(growth / mebibyte)} MiB for ${idle.length} readers`)
})

await check(
  'archives that unpack to more than they are, or lead out of their folder, fail their job by name and leave nothing',
  async () => {
    const bomb = [{ name: 'zeros', data: Buffer.alloc(256 * mebibyte), compress: true }]
    const liar = [{ name: 'zeros', data: Buffer.alloc(256 * mebibyte), compress: true, claimedBytes: 10 }]
    const link = [
      { name: 'out', data: Buffer.from('/etc'), mode: 0o120777 },
      { name: 'out/shoal-was-here', data: Buffer.from('evil') },
    ]
    const up = [{ name: '../../shoal-was-here', data: Buffer.from('evil') }]
    const archives = [
      ['b0', bomb, /zeros/],
      ['b1', liar, /zeros/],
      ['b2', link, /out/],
      ['b3', up, /leads out/],
    ] as const
    for (const [mark, entries, words] of archives) {
      const name = `_ray_pkg_00000000000000${mark}.zip`
      const file = join(scratch, name)
      writeZip(file, entries)
      await api.send({ method: 'PUT', path: packagePath(name), body: readFileSync(file) })
      const job = await runJob({ entrypoint: 'ls', runtime_env: { working_dir: `gcs://${name}` } })
      assert.equal(job.status, 'FAILED', name)
      assert.equal(job.error_type, 'RUNTIME_ENV_SETUP_FAILURE')
      assert.match(job.message ?? '', words)
    }
    assert.ok(!existsSync('/etc/shoal-was-here'))
    const left = filesBelow(head.tempDir).filter((path) => /shoal-was-here|zeros/.test(path))
    assert.deepEqual(left, [])
  },
)

await check('a thousand connections that say nothing end each other, and who has a token is served', async () => {
  const strangers = Array.from({ length: 1_500 }, () => connectRaw().resume())
  await until('most are there or gone', () => strangers.filter((socket) => socket.connecting).length === 0)
  for (let round = 0; round < 10; round += 1) assert.equal((await ask('/api/version')).status, 200)
  for (const socket of strangers) socket.destroy()
})

await check('after all of that the head is the same and a job runs', async () => {
  await nothingElseHappened()
  assert.ok(process.kill(cluster.headPid, 0))
})

rmSync(scratch, { recursive: true, force: true })
await endAttack()
finish()
