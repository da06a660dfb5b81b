import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { silentLogger } from '#runtime/base/logger.ts'
import type { Upload } from '#src-main/contract/jobs.ts'
import { topics } from '#src-main/contract/topics.ts'
import { Uploads } from '#src-main/services/uploads.ts'
import { TopicHub } from '#src-main/topics/topic-hub.ts'
import { startCluster, type TestCluster } from '#test/support/cluster.ts'
import { openTestPanel, type TestPanel, until } from '#test/support/panel.ts'
import { logOf, openPanelOver } from './panel-over-cluster.ts'

const base64 = (text: string | Buffer) => Buffer.from(text).toString('base64')

describe('a folder that comes from a browser', () => {
  let cluster: TestCluster
  let panel: TestPanel
  const call: TestPanel['host']['call'] = (...args) => panel.host.call(...args)
  beforeAll(async () => {
    cluster = await startCluster({ nodes: [{ cpus: 2 }], api: true })
    panel = (await openPanelOver(cluster)).panel
  })
  afterAll(async () => {
    await panel?.dispose()
    await cluster?.stop()
  })
  const left = () => readdirSync(join(panel.folder, 'data', 'uploads'))

  test('is what the job runs in, byte for byte; then it is gone from here', async () => {
    const bytes = Buffer.from(Array.from({ length: 10_000 }, (_, at) => at % 256))
    const { uploadId } = await call('uploads.begin', { name: 'mine', files: 3, totalBytes: bytes.length + 12 })
    const write = (path: string, offset: number, data: string | Buffer, isLast: boolean) =>
      call('uploads.write', { uploadId, path, offset, data: base64(data), isLast })
    await write('deep/er/bytes.bin', 0, bytes.subarray(0, 4_000), false)
    await write('run.sh', 0, 'wc -c < deep', false)
    const early = await call('jobs.plan', { cluster: 'lab', entrypoint: 'sh run.sh', folder: { kind: 'upload', uploadId } })
    expect([early.package, early.problems]).toEqual([null, [expect.stringContaining('0 of 3 files')]])
    await expect(call('jobs.submit', { cluster: 'lab', entrypoint: 'true', folder: { kind: 'upload', uploadId } })).rejects.toMatchObject({
      code: 'wrong-state',
    })
    await write('run.sh', 12, '', true)
    await write('deep/er/bytes.bin', 4_000, bytes.subarray(4_000), true)
    await write('empty', 0, '', true)
    const folder = join(panel.folder, 'data', 'uploads', uploadId)
    expect(readFileSync(join(folder, 'deep/er/bytes.bin')).equals(bytes)).toBe(true)
    expect([folder, join(folder, 'deep'), join(folder, 'run.sh')].map((path) => statSync(path).mode & 0o777)).toEqual([0o700, 0o700, 0o600])
    const seen = await call('jobs.plan', { cluster: 'lab', entrypoint: 'sh run.sh', folder: { kind: 'upload', uploadId } })
    expect(seen).toMatchObject({
      problems: [],
      package: { files: 3, bytes: 10_012 },
      commandLine: "shoal job submit --working-dir ./mine -- 'sh run.sh'",
    })
    const entrypoint = 'sum=$(cksum < deep/er/bytes.bin); echo "got $sum"; ls'
    const { submissionId } = await call('jobs.submit', { cluster: 'lab', entrypoint, folder: { kind: 'upload', uploadId } })
    expect(await logOf(panel, submissionId)).toMatch(/got \d+ 10000\ndeep\nempty\nrun\.sh\n$/)
    expect(left()).toEqual([])
    await expect(write('more', 0, 'x', true)).rejects.toMatchObject({ code: 'not-found' })
  })

  test('stays for another try when the job is refused', async () => {
    const { uploadId } = await call('uploads.begin', { name: 'mine', files: 1, totalBytes: 1 })
    await call('uploads.write', { uploadId, path: 'a', offset: 0, data: base64('x'), isLast: true })
    const job = { cluster: 'lab', entrypoint: 'true', submissionId: 'twice', folder: { kind: 'upload', uploadId } } as const
    await call('jobs.submit', { ...job, folder: { kind: 'uri', uri: '/tmp' } })
    await expect(call('jobs.submit', job)).rejects.toThrow('there is a job twice already')
    expect(left()).toEqual([uploadId])
    await call('jobs.submit', { ...job, submissionId: 'thrice' })
    expect(left()).toEqual([])
  })

  test.each(['/etc/passwd', '../out', 'a/../../out', 'a/./b', 'a//b', 'a/', '..', '.', '', 'a\0b', `${'d/'.repeat(64)}x`, 'n'.repeat(256)])(
    'a file may not be called %j',
    async (path) => {
      const { uploadId } = await call('uploads.begin', { name: 'x', files: 5, totalBytes: 10 })
      await expect(call('uploads.write', { uploadId, path, offset: 0, data: base64('x'), isLast: true })).rejects.toMatchObject({
        code: 'bad-argument',
      })
      await call('uploads.cancel', { uploadId })
      expect([left(), existsSync(join(panel.folder, 'data', 'out'))]).toEqual([[], false])
    },
  )
})

describe('what is received', () => {
  let root: string
  let hub: TopicHub<typeof topics>
  const open: Uploads[] = []
  let count = 0
  const make = async (more: { unfinishedMs?: number; finishedMs?: number } = {}) => {
    const randomHex = (digits: number) => String((count += 1)).padStart(digits, '0')
    const uploads = await Uploads.open({ folder: join(root, 'uploads'), hub, randomHex, ...more })
    open.push(uploads)
    return uploads
  }
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'shoal-uploads-'))
    hub = new TopicHub(topics, { logger: silentLogger, checkEvents: true })
  })
  afterEach(async () => {
    for (const uploads of open.splice(0)) await uploads.close()
    hub.close()
    rmSync(root, { recursive: true, force: true })
  })
  const left = () => (existsSync(join(root, 'uploads')) ? readdirSync(join(root, 'uploads')) : [])

  test('is no more than was said at first, in files and in bytes, and comes in order', async () => {
    const uploads = await make()
    await expect(uploads.begin({ name: 'big', files: 1, totalBytes: 600 * 1024 * 1024 })).rejects.toMatchObject({ code: 'too-large' })
    const uploadId = await uploads.begin({ name: 'x', files: 2, totalBytes: 6 })
    const write = (path: string, offset: number, text: string, isLast = false) =>
      uploads.write({ uploadId, path, offset, data: base64(text), isLast })
    await write('a', 0, 'abc')
    for (const offset of [0, 2, 4])
      await expect(write('a', offset, 'd')).rejects.toMatchObject({ code: 'wrong-state', message: expect.stringContaining('3 bytes') })
    await expect(write('a/b', 0, 'x')).rejects.toMatchObject({ code: 'bad-argument', message: expect.stringContaining('another file') })
    await expect(write('c', 0, 'x')).rejects.toMatchObject({ code: 'too-large', message: expect.stringContaining('2') })
    await expect(write('a', 3, 'defg')).rejects.toMatchObject({ code: 'too-large', message: expect.stringContaining('6 bytes') })
    await write('a', 3, 'de', true)
    await expect(write('a', 5, 'f')).rejects.toMatchObject({ code: 'wrong-state', message: expect.stringContaining('whole') })
    expect(readFileSync(join(root, 'uploads', uploadId, 'a'), 'utf8')).toBe('abcde')
  })

  test('has a limit, which cancelling makes room in', async () => {
    const uploads = await make()
    const ids: string[] = []
    for (let each = 0; each < 8; each += 1) ids.push(await uploads.begin({ name: 'x', files: 1, totalBytes: 1 }))
    await expect(uploads.begin({ name: 'x', files: 1, totalBytes: 1 })).rejects.toMatchObject({ code: 'limit.reached' })
    await uploads.cancel(ids[0] ?? '')
    ids.push(await uploads.begin({ name: 'x', files: 1, totalBytes: 1 }))
    expect(left()).toHaveLength(8)
  })

  test('goes when nobody goes on with it, sooner while it is not whole, and at the next start', async () => {
    const uploads = await make({ unfinishedMs: 1_000, finishedMs: 5_000 })
    const seen: { id: string; value: Upload | null }[] = []
    hub.subscribe('uploads', {}, ({ events }) => void seen.push(...events.map((text) => JSON.parse(text) as (typeof seen)[number]))) // held to the contract by this hub
    const half = await uploads.begin({ name: 'half', files: 1, totalBytes: 2 })
    const whole = await uploads.begin({ name: 'whole', files: 1, totalBytes: 1 })
    await uploads.write({ uploadId: whole, path: 'a', offset: 0, data: base64('x'), isLast: true })
    await uploads.sweep(performance.now() + 900)
    expect(left().sort()).toEqual([half, whole].sort())
    await uploads.sweep(performance.now() + 2_000)
    expect(left()).toEqual([whole])
    await uploads.sweep(performance.now() + 6_000)
    expect(left()).toEqual([])
    await until('both are told to be gone', () => (seen.filter(({ value }) => value === null).length === 2 ? true : undefined))
    await uploads.begin({ name: 'left', files: 1, totalBytes: 1 })
    mkdirSync(join(root, 'uploads', 'other'))
    writeFileSync(join(root, 'uploads', 'other.zip'), 'of a panel that was killed')
    await make()
    expect(left()).toEqual([])
  })
})

test('who may only look may neither upload nor look into folders of this computer', async () => {
  const panel = await openTestPanel({})
  try {
    const caller = { id: 'looking', access: 'read' } as const
    const { signal } = new AbortController()
    for (const [method, input] of [
      ['uploads.begin', { name: 'x', files: 1, totalBytes: 1 }],
      ['jobs.plan', { cluster: 'lab', entrypoint: 'true', folder: { kind: 'folder', path: '/etc' } }],
      ['jobs.submit', { cluster: 'lab', entrypoint: 'true' }],
    ]) {
      expect(await panel.host.dispatch({ method, input, caller, signal })).toMatchObject({ ok: false, error: { code: 'auth.refused' } })
    }
  } finally {
    await panel.dispose()
  }
})
