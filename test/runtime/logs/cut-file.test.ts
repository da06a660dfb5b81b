import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, closeSync, ftruncateSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cutFile } from '#runtime/logs/cut-file.ts'
import { LogFolder } from '#runtime/logs/log-folder.ts'
import { LogReader } from '#runtime/logs/log-reader.ts'

let path: string
let folder: LogFolder
let reader: LogReader
const name = 'busy.log'
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'shoal-cut-test-'))
  folder = new LogFolder(path)
  reader = new LogReader(folder)
})
afterEach(() => {
  reader.close()
  rmSync(path, { recursive: true, force: true })
})

/** Numbered lines of 100 bytes: what a line must be follows from its place. */
const lineAt = (index: number) => `${String(index).padStart(10, '0')} ${'x'.repeat(88)}\n`
const expectWhole = (bytes: Uint8Array, offset: number) => {
  expect(offset % 100).toBe(0)
  const text = Buffer.from(bytes).toString()
  for (let at = 0; at + 100 <= text.length; at += 100) {
    if (text.slice(at, at + 100) !== lineAt((offset + at) / 100)) expect(text.slice(at, at + 100)).toBe(lineAt((offset + at) / 100))
  }
}

describe('the oldest part of a file', () => {
  it('goes, and the rest stays where it was', async () => {
    writeFileSync(join(path, name), Array.from({ length: 50_000 }, (_, index) => lineAt(index)).join(''))
    const removed = await cutFile(folder, name, { keepBytes: 1_000_050 })
    expect(removed).toBe(4_000_000)
    const stats = statSync(join(path, name))
    expect(stats.size).toBe(5_000_000)
    expect(stats.blocks * 512).toBeLessThan(1_100_000)
    const chunk = await reader.read({ file: name, offset: 0, maxBytes: 1_048_576, waitMs: 0 })
    expect(chunk).toMatchObject({ offset: 4_000_000, firstOffset: 4_000_000, sizeBytes: 5_000_000 })
    expectWhole(chunk.bytes, chunk.offset)
    expect(new LogFolder(path).find(name)).toMatchObject({ firstOffset: 4_000_000 }) // as another process finds it
  })

  it('goes while a program writes as fast as it can, and every line that is kept is whole', async () => {
    const script = `const { writeSync } = require('node:fs'); let text = ''; for (let i = 0; i < 400000; i++) { text += String(i).padStart(10, '0') + ' ' + 'x'.repeat(88) + '\\n'; if (i % 50 === 49) { writeSync(1, text); text = '' } }`
    const output = openSync(join(path, name), 'a')
    const writer = spawn(process.execPath, ['-e', script], { stdio: ['ignore', output, 'inherit'] })
    closeSync(output)
    let isRunning = true
    const ended = once(writer, 'exit').then(() => {
      isRunning = false
    })
    let offset = 0
    let read = 0
    let cuts = 0
    while (isRunning || offset < statSync(join(path, name)).size) {
      const chunk = await reader.read({ file: name, offset, maxBytes: 1_048_576, waitMs: 50 })
      expect(chunk.offset).toBeGreaterThanOrEqual(offset)
      expectWhole(chunk.bytes, chunk.offset)
      const whole = Math.floor(chunk.bytes.byteLength / 100) * 100
      offset = chunk.offset + whole
      read += whole
      if (chunk.sizeBytes - chunk.firstOffset > 2_000_000) {
        await cutFile(folder, name, { keepBytes: 1_000_000 })
        cuts += 1
      }
    }
    await ended
    expect(offset).toBe(40_000_000)
    expect(cuts).toBeGreaterThan(3)
    expect(read).toBeGreaterThan(2_000_000)
    expect(statSync(join(path, name)).blocks * 512).toBeLessThan(4_000_000)
  })

  it('goes with a line that says so where the file system has no holes', async () => {
    writeFileSync(join(path, name), lineAt(0).repeat(1_000))
    await cutFile(folder, name, { keepBytes: 10_000, punch: () => Promise.resolve(false) })
    const text = readFileSync(join(path, name), 'utf8')
    expect(JSON.parse(text)).toMatchObject({ event: 'log.begun-anew', removedBytes: 100_000 })
    const chunk = await reader.read({ file: name, offset: 100_000, maxBytes: 1_000, waitMs: 0 })
    expect(chunk).toMatchObject({ offset: 0, firstOffset: 0 })
  })

  it('goes inside a line that has no end, between two letters', async () => {
    writeFileSync(join(path, name), '漢'.repeat(1_000_000))
    await cutFile(folder, name, { keepBytes: 1_500_000 })
    const { bytes } = await reader.read({ file: name, offset: 0, maxBytes: 9_000, waitMs: 0 })
    expect(Buffer.from(bytes).toString()).toBe('漢'.repeat(3_000))
  })

  it('is found by halving in a file that was all hole for long', () => {
    const file = openSync(join(path, name), 'w')
    ftruncateSync(file, 50_000_123)
    closeSync(file)
    appendFileSync(join(path, name), 'last\n')
    expect(folder.find(name)).toMatchObject({ firstOffset: 50_000_123, sizeBytes: 50_000_128 })
  })
})
