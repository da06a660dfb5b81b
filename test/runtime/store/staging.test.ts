import { closeSync, openSync, readdirSync, readlinkSync, readSync, statSync, writeSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import { ForeignArena } from '#runtime/store/foreign-arena.ts'
import { openForeignSegment, openUnnamedSegment } from '#runtime/store/segment.ts'
import { maxStagedBytes, Staging } from '#runtime/store/staging.ts'

const pageBytes = 4_096
const memory = '/dev/shm'
const isLinux = process.platform === 'linux'
const opened: { close(): void }[] = []
const kept = <T extends { close(): void }>(one: T | undefined): T => {
  if (!one) throw new Error('it could not be opened')
  opened.push(one)
  return one
}
afterEach(() => {
  for (const one of opened.splice(0)) one.close()
})

/** The other process' side. */
function bytesAt({ path }: { path: string }, offset: number, lengthBytes: number): Buffer {
  const fd = openSync(path, 'r')
  const bytes = Buffer.alloc(lengthBytes)
  readSync(fd, bytes, 0, lengthBytes, offset)
  closeSync(fd)
  return bytes
}
function markRead({ path }: { path: string }, offset: number): void {
  const fd = openSync(path, 'r+')
  writeSync(fd, Uint8Array.of(1), 0, 1, offset / pageBytes)
  closeSync(fd)
}

describe.skipIf(!isLinux)(`staging memory${isLinux ? '' : ' (needs Linux)'}`, () => {
  test('what is staged can be read by its path, and its room is used again once it is marked as read', () => {
    const staging = kept(Staging.open())
    const first = staging.stage(10_000, (target) => target.fill(1))
    const second = staging.stage(10_000, (target) => target.fill(2))
    if (first === undefined || second === undefined) throw new Error('no room')
    expect(second).not.toBe(first)
    expect(bytesAt(staging.place, first, 10_000).every((one) => one === 1)).toBe(true)
    markRead(staging.place, first)
    expect(staging.stage(8_000, (target) => target.fill(3))).toBe(first)
    expect(bytesAt(staging.place, first, 8_000).every((one) => one === 3)).toBe(true)
    expect(bytesAt(staging.place, second, 10_000).every((one) => one === 2)).toBe(true)
  })

  test('what was never handed over goes back', () => {
    const staging = kept(Staging.open())
    const offset = staging.stage(5_000, () => {})
    staging.unstage(offset ?? -1)
    expect(staging.stage(5_000, () => {})).toBe(offset)
  })

  test('there is no room for more than all of it', () => {
    const staging = kept(Staging.open())
    expect(staging.stage(maxStagedBytes + 1, () => {})).toBeUndefined()
    expect(staging.stage(100, () => {})).toBeDefined()
  })

  test('it has no name, and the system has it back when it is closed', () => {
    const namesBefore = readdirSync(memory)
    const linksOf = () => readdirSync('/proc/self/fd').filter((name) => isOf(name, memory)).length
    const before = linksOf()
    const staging = kept(Staging.open())
    staging.stage(5_000, () => {})
    expect(linksOf()).toBe(before + 1)
    expect(readdirSync(memory).filter((name) => !namesBefore.includes(name) && name.startsWith('#'))).toEqual([])
    staging.close()
    expect(linksOf()).toBe(before)
  })

  test('when nothing is under way, what it does not keep goes back to the system, and comes again', async () => {
    const staging = kept(Staging.open({ keeping: { bytes: 2 ** 20, afterMs: 0 } }))
    const heldBytes = () => statSync(staging.place.path).blocks * 512
    const fill = () => staging.stage(8 * 2 ** 20, (target) => target.fill(5)) ?? -1
    markRead(staging.place, fill())
    expect(heldBytes()).toBeGreaterThan(8 * 2 ** 20)
    await expect.poll(heldBytes, { timeout: 20_000 }).toBeLessThan(3 * 2 ** 20)
    expect(bytesAt(staging.place, fill(), 8 * 2 ** 20).every((one) => one === 5)).toBe(true)
  })

  test('there is none in a folder that cannot hold it', () => {
    expect(Staging.open({ directory: '/proc' })).toBeUndefined()
  })
})

describe.skipIf(!isLinux)(`memory of another program${isLinux ? '' : ' (needs Linux)'}`, () => {
  const filled = () => {
    const segment = kept(openUnnamedSegment(memory, 64 * pageBytes))
    segment.write(
      0,
      new Uint8Array(64 * pageBytes).map((_, index) => index % 251),
    )
    return segment
  }

  test('an object anywhere in it is seen as just its bytes, and writing to them changes nothing there', () => {
    const segment = filled()
    const arena = kept(ForeignArena.open({ path: segment.path, ...identityOf(segment.path) }))
    const view = arena.view(3 * pageBytes + 64, 200_000, () => {})
    expect([view.byteLength, view.buffer.byteLength, view.byteOffset]).toEqual([200_000, 200_000, 0])
    expect(view.every((one, index) => one === (3 * pageBytes + 64 + index) % 251)).toBe(true)
    view.fill(255)
    expect(bytesAt(segment, 3 * pageBytes + 64, 1)[0]).toBe((3 * pageBytes + 64) % 251)
    expect(arena.view(3 * pageBytes + 64, 200_000, () => {})[0]).toBe((3 * pageBytes + 64) % 251)
  })

  test('a file that is another than was meant is not opened', () => {
    const segment = filled()
    const { device, inode } = identityOf(segment.path)
    expect(openForeignSegment(segment.path, { device, inode: inode + 1 })).toBeUndefined()
    expect(openForeignSegment('/proc/self/fd/9999')).toBeUndefined()
  })
})

function isOf(name: string, folder: string): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${name}`).startsWith(folder)
  } catch {
    return false // the one that lists them
  }
}

function identityOf(path: string): { device: number; inode: number } {
  const { dev, ino } = statSync(path)
  return { device: dev, inode: ino }
}
