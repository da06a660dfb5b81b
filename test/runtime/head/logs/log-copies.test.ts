import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { silentLogger } from '#runtime/base/logger.ts'
import { LogCopies, type CopyLimits } from '#runtime/head/logs/log-copies.ts'
import { LogFolder } from '#runtime/logs/log-folder.ts'
import { LogReader } from '#runtime/logs/log-reader.ts'
import { LogPusher } from '#runtime/node/logs/log-pusher.ts'
import { LogsPush } from '#runtime/protocol/logs.ts'

const nodeId = 'a'.repeat(56)
let path: string
let copies: LogCopies
let nodeLogs: string
const closers: (() => void)[] = []
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'shoal-copies-test-'))
  nodeLogs = join(path, 'node')
  mkdirSync(nodeLogs)
  copies = openCopies()
})
afterEach(() => {
  for (const close of closers.splice(0)) close()
  rmSync(path, { recursive: true, force: true })
})

function openCopies(limits: Partial<CopyLimits> = {}): LogCopies {
  const opened = new LogCopies({ path: join(path, 'copies'), logger: silentLogger, limits })
  closers.push(() => opened.close())
  return opened
}
const push = (offset: number, text: string, more: Partial<LogsPush> = {}) =>
  copies.take({ type: 'logs.push', nodeId, file: 'a.log', renamedFrom: null, isAnew: false, offset, bytes: Buffer.from(text), ...more })
const read = async (offset = 0, file = 'a.log', from = copies) => {
  const chunk = await from.reader(nodeId)?.read({ file, offset, maxBytes: 1_048_576, waitMs: 0 })
  return chunk && { offset: chunk.offset, text: Buffer.from(chunk.bytes).toString(), end: chunk.sizeBytes }
}

describe('copies of logs on the head', () => {
  it('grow by what comes, and what came before changes nothing', async () => {
    push(0, 'one\n')
    push(4, 'two\n')
    expect(push(0, 'one\ntwo\nthree\n').endOffset).toBe(14)
    expect(await read()).toEqual({ offset: 0, text: 'one\ntwo\nthree\n', end: 14 })
  })

  it('keep the offsets of the file, and begin anew behind a gap', async () => {
    push(1_000_000, 'late\n')
    expect(await read()).toEqual({ offset: 1_000_000, text: 'late\n', end: 1_000_005 })
    push(5_000_001, 'later\n')
    expect(await read()).toEqual({ offset: 5_000_001, text: 'later\n', end: 5_000_007 })
  })

  it('are there for the next head, holes and all', async () => {
    push(1_000_000, 'late\n')
    expect(await read(0, 'a.log', openCopies())).toEqual({ offset: 1_000_000, text: 'late\n', end: 1_000_005 })
  })

  it('follow a file that is renamed, and drop what belonged to another of its name', async () => {
    push(0, 'one\n')
    expect(push(4, 'two\n', { file: 'b.log', renamedFrom: 'a.log' }).endOffset).toBe(8)
    expect(await read(0, 'b.log')).toEqual({ offset: 0, text: 'one\ntwo\n', end: 8 })
    push(0, 'new\n', { file: 'b.log', isAnew: true })
    expect(await read(0, 'b.log')).toEqual({ offset: 0, text: 'new\n', end: 4 })
  })

  it('hold the end of a file only', async () => {
    copies = openCopies({ fileBytes: 100_000 })
    for (let at = 0; at < 50; at += 1) push(at * 10_000, `${'x'.repeat(9_999)}\n`)
    await expect.poll(async () => (await read())?.offset).toBeGreaterThanOrEqual(370_000)
    expect((await read())?.end).toBe(500_000)
    await expect.poll(() => copies.totalBytes).toBeLessThan(140_000)
  })

  it('stay within the budget: the file that was not written for longest goes', async () => {
    copies = openCopies({ totalBytes: 200_000 })
    const text = `${'x'.repeat(19_999)}\n`
    for (let at = 0; at < 30; at += 1) push(0, text, { file: `f-${at}.log` })
    expect(copies.totalBytes).toBeLessThanOrEqual(200_000)
    await expect(read(0, 'f-0.log')).rejects.toMatchObject({ code: 'not-found' })
    expect((await read(0, 'f-29.log'))?.end).toBe(20_000)
  })

  it('ask a node to wait when more comes than the head wants to take', () => {
    copies = openCopies({ bytesPerSecond: 100_000 })
    let pauseMs = 0
    for (let at = 0; at < 10; at += 1) ({ pauseMs } = push(at * 50_000, 'x'.repeat(50_000)))
    expect(pauseMs).toBeGreaterThan(2_000)
    expect(pauseMs).toBeLessThanOrEqual(5_000)
  })

  it('take no path: the schema of the message refuses names that lead out', () => {
    const message = { type: 'logs.push', nodeId, renamedFrom: null, isAnew: false, offset: 0, bytes: new Uint8Array(1) }
    for (const file of ['../x', '/etc/x', 'a/../../x', '.hidden', 'a\0b', ''])
      expect(LogsPush.safeParse({ ...message, file }).success).toBe(false)
    expect(LogsPush.safeParse({ ...message, file: 'jobs/x.log' }).success).toBe(true)
  })
})

describe('a node', () => {
  const startPusher = (live: () => string[], more: { keptBytes?: number; bytesPerSecond?: number } = {}) => {
    const reader = new LogReader(new LogFolder(nodeLogs))
    const request = (message: object) => Promise.resolve(copies.take(LogsPush.parse(message)))
    const pusher = new LogPusher({ nodeId, reader, logger: silentLogger, live, request, ...more })
    closers.push(() => pusher.close())
    pusher.start()
    return pusher
  }
  const log = (name: string) => join(nodeLogs, name)

  it('copies what it writes, old files as well as new ones, under the names that they get', async () => {
    writeFileSync(log('old.log'), 'old\n')
    writeFileSync(log('starting.out'), 'a')
    let live = ['starting.out']
    startPusher(() => live)
    await expect.poll(() => read(0, 'old.log')).toMatchObject({ text: 'old\n' })
    await expect.poll(() => read(0, 'starting.out')).toMatchObject({ text: 'a' })
    renameSync(log('starting.out'), log('known.out'))
    live = ['known.out']
    appendFileSync(log('known.out'), 'b')
    await expect.poll(() => read(0, 'known.out').catch(() => undefined), { timeout: 5_000 }).toMatchObject({ text: 'ab' })
  })

  it('skips ahead where more is written than may be sent, and ends up with the last part', async () => {
    const lineAt = (index: number) => `${String(index).padStart(9, '0')}\n`
    writeFileSync(log('busy.log'), Array.from({ length: 1_000_000 }, (_, index) => lineAt(index)).join(''))
    startPusher(() => ['busy.log'], { keptBytes: 500_000 })
    await expect.poll(async () => (await read(9_999_000, 'busy.log').catch(() => undefined))?.end, { timeout: 10_000 }).toBe(10_000_000)
    const copy = await read(0, 'busy.log')
    expect(copy?.offset).toBeGreaterThanOrEqual(9_500_000)
    expect(copy?.text).toBe(
      Array.from({ length: copy?.text.length ? copy.text.length / 10 : 0 }, (_, index) => lineAt((copy?.offset ?? 0) / 10 + index)).join(
        '',
      ),
    )
  })

  it('that comes back goes on where the head is, and notices a file that was begun anew', async () => {
    writeFileSync(log('a.log'), 'one\n')
    startPusher(() => ['a.log']).close()
    const again = startPusher(() => ['a.log'])
    await expect.poll(() => read()).toMatchObject({ text: 'one\n' })
    again.close()
    truncateSync(log('a.log'))
    appendFileSync(log('a.log'), 'b\n')
    startPusher(() => ['a.log'])
    await expect.poll(() => read()).toMatchObject({ text: 'b\n', end: 2 })
  })
})
