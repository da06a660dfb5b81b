import { createHash, randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { UploadOptions } from '#src-main/ssh/host-connection.ts'
import { openConnection } from '#src-main/ssh/open-connection.ts'
import { command, endTree, noSshServer } from '#test/support/ssh-server.ts'
import { noNamespace } from '#test/support/own-namespace.ts'
import { aBed, failureOf, throwawayUser } from './bed.ts'

const missing = noSshServer()
const needs = missing ? ` (needs ${missing})` : ''
const noMounts = missing ?? noNamespace('mount')

function aFile(folder: string, sizeBytes: number): { file: string; options: UploadOptions; bytes: Buffer } {
  const bytes = randomBytes(sizeBytes)
  const file = join(folder, `local-${sizeBytes}`)
  writeFileSync(file, bytes)
  return { file, bytes, options: { sha256: createHash('sha256').update(bytes).digest('hex'), sizeBytes } }
}

test.skipIf(missing)(`a file arrives whole, with its mode, and is not sent again${needs}`, async () => {
  await using bed = await aBed()
  const { file, bytes, options } = aFile(bed.path, 3_000_001)
  const to = join(bed.path, "a folder's", 'deeper', 'x!y\\z')
  const steps: number[] = []
  await bed.connection.upload(file, to, { ...options, mode: 0o755, onProgress: (done) => steps.push(done) })
  expect(readFileSync(to).equals(bytes)).toBe(true)
  expect(statSync(to).mode & 0o777).toBe(0o755)
  expect([steps[0], steps.at(-1)]).toEqual([0, 3_000_001])
  expect(steps.length).toBeGreaterThan(10)
  expect(readdirSync(join(to, '..'))).toEqual(['x!y\\z'])

  const again: number[] = []
  await bed.connection.upload(file, to, { ...options, onProgress: (done) => again.push(done) })
  expect(again).toEqual([3_000_001])

  const { file: empty, options: none } = aFile(bed.path, 0)
  await bed.connection.upload(empty, join(bed.path, 'empty-there'), none)
  expect(statSync(join(bed.path, 'empty-there')).size).toBe(0)
})

test.skipIf(missing)(`a link that is cut in the middle leaves a part, and the next upload goes on from there${needs}`, async () => {
  await using bed = await aBed()
  const { file, bytes, options } = aFile(bed.path, 40_000_000)
  const to = join(bed.path, 'there')
  const cut = await failureOf(
    bed.connection.upload(file, to, {
      ...options,
      onProgress: (done) => {
        if (done > 20_000_000) for (const pid of bed.server.connections()) endTree(pid)
      },
    }),
  )
  expect(cut).toMatchObject({ code: 'ssh.connection-lost' })

  const again = await openConnection(bed.target, bed.io)
  const steps: number[] = []
  await again.upload(file, to, { ...options, onProgress: (done) => steps.push(done) })
  again.close()
  expect(steps[0]).toBeGreaterThan(10_000_000)
  expect(readFileSync(to).equals(bytes)).toBe(true)
})

test.skipIf(missing)(`cancelling ends it at once and leaves the part for later${needs}`, async () => {
  await using bed = await aBed()
  const { file, bytes, options } = aFile(bed.path, 60_000_000)
  const to = join(bed.path, 'there')
  const cancel = new AbortController()
  let cancelledAtMs = 0
  const error = await failureOf(
    bed.connection.upload(file, to, {
      ...options,
      signal: cancel.signal,
      onProgress: (done) => {
        if (done < 20_000_000 || cancel.signal.aborted) return
        cancelledAtMs = performance.now()
        cancel.abort()
      },
    }),
  )
  expect(error).toMatchObject({ code: 'link.closed' })
  expect(performance.now() - cancelledAtMs).toBeLessThan(300)
  await delay(200)
  const steps: number[] = []
  await bed.connection.upload(file, to, { ...options, onProgress: (done) => steps.push(done) })
  expect(steps[0]).toBeGreaterThan(5_000_000)
  expect(readFileSync(to).equals(bytes)).toBe(true)
})

test.skipIf(missing)(`a part that was spoiled is thrown away, and the file is sent once more${needs}`, async () => {
  await using bed = await aBed()
  const { file, bytes, options } = aFile(bed.path, 500_000)
  const to = join(bed.path, 'there', 'file')
  await bed.connection.upload(file, to, options)
  const log = await bed.connection.exec(`rm ${to}; echo`)
  expect(log.code).toBe(0)
  const key = createHash('sha256').update(`root@127.0.0.1:${bed.target.port}`).digest('hex').slice(0, 8)
  writeFileSync(`${to}.${options.sha256.slice(0, 12)}-${key}.part`, Buffer.alloc(200_000, 1))
  const steps: number[] = []
  await bed.connection.upload(file, to, { ...options, onProgress: (done) => steps.push(done) })
  expect(steps[0]).toBe(200_000)
  expect(steps).toContain(0)
  expect(readFileSync(to).equals(bytes)).toBe(true)

  const wrong = await failureOf(bed.connection.upload(file, join(bed.path, 'wrong'), { ...options, sha256: 'ab'.repeat(32) }))
  expect(wrong).toMatchObject({ code: 'ssh.upload-failed', details: { cause: 'differs' } })
  expect(readdirSync(bed.path).filter((name) => name.startsWith('wrong'))).toEqual([])
})

test.skipIf(missing)(
  `uploads to one path at once, over one connection and over two with their own parts, all end well${needs}`,
  async () => {
    await using bed = await aBed()
    const { file, bytes, options } = aFile(bed.path, 8_000_000)
    const other = await openConnection(bed.target, bed.io)
    const to = join(bed.path, 'there')
    await Promise.all([
      bed.connection.upload(file, to, { ...options, partKey: 'a' }),
      bed.connection.upload(file, to, { ...options, partKey: 'a' }),
      other.upload(file, to, { ...options, partKey: 'b' }),
    ])
    other.close()
    expect(readFileSync(to).equals(bytes)).toBe(true)
    expect(readdirSync(bed.path).filter((name) => name.startsWith('there'))).toEqual(['there'])
  },
)

test.skipIf(missing)(`who may not write, a file in place of a folder, a folder in place of the file: each by name${needs}`, async () => {
  using user = throwawayUser()
  await using bed = await aBed()
  const { file, options } = aFile(bed.path, 1_000)
  const asUser = await openConnection({ ...bed.target, user: user.name }, bed.io)
  const locked = await failureOf(asUser.upload(file, '/usr/local/not-ours', options))
  expect(locked).toMatchObject({ code: 'ssh.upload-failed', details: { cause: 'no-permission', path: '/usr/local/not-ours' } })
  expect(String(locked)).toContain('box:/usr/local/not-ours failed: this user may not write there')
  await asUser.upload(file, '~/of mine/file', options)
  expect((await asUser.exec('wc -c <"$HOME/of mine/file"')).stdout.trim()).toBe('1000')
  asUser.close()

  expect(await failureOf(bed.connection.upload(file, join(file, 'below'), options))).toMatchObject({ details: { cause: 'bad-path' } })
  mkdirSync(join(bed.path, 'folder'))
  expect(await failureOf(bed.connection.upload(file, join(bed.path, 'folder'), options))).toMatchObject({ details: { cause: 'is-folder' } })
  expect(await failureOf(bed.connection.upload(join(bed.path, 'none'), '/tmp/x', options))).toMatchObject({ code: 'not-found' })
  expect(await failureOf(bed.connection.upload(file, '/tmp/x', { ...options, sizeBytes: 9 }))).toMatchObject({ code: 'bad-argument' })
})

test.skipIf(noMounts)(
  `a full disk and a read-only one are named, and a full one gets its space back${noMounts ? ` (needs ${noMounts})` : ''}`,
  async () => {
    await using bed = await aBed()
    const { file, options } = aFile(bed.path, 8_000_000)
    const small = join(bed.path, 'small')
    mkdirSync(small)
    command('mount', '-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', small)
    try {
      const full = await failureOf(bed.connection.upload(file, join(small, 'x'), options))
      expect(full).toMatchObject({ code: 'ssh.upload-failed', details: { cause: 'disk-full' } })
      expect(String(full)).toMatch(/its disk is full \(\d+ kB free on .*small/)
      expect(readdirSync(small)).toEqual([])
      command('mount', '-o', 'remount,ro', small)
      const readOnly = await failureOf(bed.connection.upload(file, join(small, 'x'), options))
      expect(readOnly).toMatchObject({ code: 'ssh.upload-failed', details: { cause: 'read-only' } })
    } finally {
      command('umount', small)
    }
  },
)

test.skipIf(missing)(`noisy login files, and a host where only openssl knows sha256${needs}`, async () => {
  await using bed = await aBed()
  const tools = join(bed.path, 'bin')
  mkdirSync(tools)
  for (const name of ['sh', 'cat', 'wc', 'tr', 'chmod', 'mv', 'rm', 'mkdir', 'openssl'])
    symlinkSync(command('sh', '-c', `command -v ${name}`).trim(), join(tools, name))
  const login = join(bed.path, 'login')
  writeFileSync(login, `#!/bin/sh\necho welcome to the lab\nPATH=${tools}\nexport PATH\nexec /bin/sh "$@"\n`)
  chmodSync(login, 0o755)
  using user = throwawayUser()
  command('usermod', '--shell', login, user.name)
  chmodSync(bed.path, 0o755)
  const noisy = await openConnection({ ...bed.target, user: user.name }, bed.io)
  expect((await noisy.exec('command -v sha256sum || echo none')).stdout).toBe('welcome to the lab\nnone\n')
  const { file, options } = aFile(bed.path, 100_000)
  await noisy.upload(file, '~/x', options)
  expect((await noisy.exec('wc -c <~/x')).stdout).toMatch(/100000/)
  noisy.close()
})

test.skipIf(missing)(`an upload that does not move is given up${needs}`, async () => {
  await using bed = await aBed({}, { timeouts: { stallMs: 300, keepaliveIntervalMs: 60_000 } })
  const { file, options } = aFile(bed.path, 60_000_000)
  const frozen: number[] = []
  const error = await failureOf(
    bed.connection.upload(file, join(bed.path, 'there'), {
      ...options,
      onProgress: (done) => {
        if (done < 5_000_000 || frozen.length > 0) return
        frozen.push(...bed.server.connections())
        for (const pid of frozen) process.kill(pid, 'SIGSTOP')
      },
    }),
  )
  for (const pid of frozen) process.kill(pid, 'SIGCONT')
  expect(error).toMatchObject({ code: 'ssh.upload-failed', details: { cause: 'stalled' } })
})
