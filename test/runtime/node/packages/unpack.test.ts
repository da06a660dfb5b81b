import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { type ArchiveLimits, defaultArchiveLimits } from '#runtime/node/packages/archive-rules.ts'
import { unpackTar } from '#runtime/node/packages/unpack-tar.ts'
import { unpackZip } from '#runtime/node/packages/unpack-zip.ts'
import { type TarEntry, writeTarGz, writeZip, type ZipEntry } from './archives.ts'

const root = mkdtempSync(join(tmpdir(), 'shoal-unpack-'))
let folder = ''
let count = 0
beforeEach(() => {
  folder = join(root, String((count += 1)), 'inside')
  mkdirSync(folder, { recursive: true })
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

const signal = new AbortController().signal
async function zip(entries: readonly ZipEntry[], limits?: Partial<ArchiveLimits>): Promise<void> {
  const archive = join(folder, '..', 'a.zip')
  writeZip(archive, entries)
  await unpackZip({ archive, folder, sizeBytes: statSync(archive).size, signal, limits: { ...defaultArchiveLimits, ...limits } })
}
async function tar(entries: readonly TarEntry[], limits?: Partial<ArchiveLimits>): Promise<void> {
  const archive = join(folder, '..', 'a.tar.gz')
  writeTarGz(archive, entries)
  await unpackTar({ archive, folder, sizeBytes: statSync(archive).size, signal, limits: { ...defaultArchiveLimits, ...limits } })
}
const text = (content: string) => Buffer.from(content)
const outside = () => readdirSync(join(folder, '..')).filter((name) => name !== 'inside' && !name.startsWith('a.'))

describe('a harmless archive', () => {
  test('zip: files, empty folders, programs and links inside come out as they were', async () => {
    await zip([
      { name: 'x.py', data: text('print(1)\n') },
      { name: 'empty/' },
      { name: 'bin/run', data: text('#!/bin/sh\n'), mode: 0o100755 },
      { name: 'deep/a/b.txt', data: Buffer.alloc(300_000, 'z'), compress: true },
      { name: 'deep/link', data: text('../x.py'), mode: 0o120777 },
    ])
    expect(readFileSync(join(folder, 'x.py'), 'utf8')).toBe('print(1)\n')
    expect(statSync(join(folder, 'empty')).isDirectory()).toBe(true)
    expect(statSync(join(folder, 'bin/run')).mode & 0o777).toBe(0o700)
    expect(statSync(join(folder, 'x.py')).mode & 0o777).toBe(0o600)
    expect(readFileSync(join(folder, 'deep/link'), 'utf8')).toBe('print(1)\n')
    expect(statSync(join(folder, 'deep/a/b.txt')).size).toBe(300_000)
  })

  test('tar: the same', async () => {
    await tar([
      { path: './', type: 'Directory' },
      { path: './x.py', data: text('print(1)\n') },
      { path: 'bin/run', data: Buffer.alloc(100_000, 'z'), mode: 0o755 },
      { path: 'deep/link', type: 'SymbolicLink', linkpath: '../x.py' },
    ])
    expect(readFileSync(join(folder, 'deep/link'), 'utf8')).toBe('print(1)\n')
    expect(readlinkSync(join(folder, 'deep/link'))).toBe('../x.py')
    expect(statSync(join(folder, 'bin/run')).mode & 0o777).toBe(0o700)
  })
})

describe('an archive is refused, naming the entry, and nothing lands outside:', () => {
  const names = ['../evil', 'a/../../evil', '/etc/evil', 'C:\\evil', 'a\\..\\..\\evil', 'nul\0byte']
  test.each(names)('a path that leads out, %j, in a zip', async (name) => {
    await expect(
      zip([
        { name: 'fine', data: text('x') },
        { name, data: text('x') },
      ]),
    ).rejects.toMatchObject({
      code: 'bad-argument',
      message: expect.stringContaining('its entry'),
    })
    expect(outside()).toEqual([])
    expect(existsSync(join(folder, 'fine'))).toBe(false) // nothing is written before all names are known
  })

  test.each(['../evil', 'a/../../evil', '/etc/evil'])('a path that leads out, %j, in a tar', async (path) => {
    await expect(tar([{ path, data: text('x') }])).rejects.toThrow(/its entry ".*evil" (leads out|has an absolute)/)
    expect(outside()).toEqual([])
  })

  test.each(['/etc/passwd', '../../secret', 'a/../../b', ''])('a link to %j', async (target) => {
    await expect(zip([{ name: 'l', data: text(target), mode: 0o120777 }])).rejects.toThrow(/its entry "l" is a link/)
    if (target !== '') await expect(tar([{ path: 'l', type: 'SymbolicLink', linkpath: target }])).rejects.toThrow(/its entry "l" is a link/)
  })

  test('a file below a link, and a link through a link', async () => {
    const through = [
      { path: 'here', type: 'SymbolicLink', linkpath: '.' },
      { path: 'here/x', data: text('x') },
    ] as const
    await expect(tar(through)).rejects.toThrow('lies below "here", which is a link')
    const chain = [
      { path: 'a/b', type: 'SymbolicLink', linkpath: '../c' },
      { path: 'd', type: 'SymbolicLink', linkpath: 'a/b/../..' },
      { path: 'e', type: 'SymbolicLink', linkpath: 'a/b/x' },
    ] as const
    await expect(tar(chain)).rejects.toThrow(/its entry "e" goes through the link "a\/b"/)
    expect(lstatSync(join(folder, 'e'), { throwIfNoEntry: false })).toBeUndefined()
  })

  test('hard links, devices, pipes and encrypted entries', async () => {
    await expect(tar([{ path: 'h', type: 'Link', linkpath: 'x' }])).rejects.toThrow('a hard link')
    await expect(tar([{ path: 'd', type: 'CharacterDevice' }])).rejects.toThrow('CharacterDevice')
    await expect(tar([{ path: 'p', type: 'FIFO' }])).rejects.toThrow('FIFO')
    await expect(zip([{ name: 'p', mode: 0o010644 }])).rejects.toThrow('a pipe')
  })

  test('the same name twice, and a file where a folder is', async () => {
    await expect(zip([{ name: 'a' }, { name: './a' }])).rejects.toThrow('its entry "./a" is in the archive twice')
    await expect(zip([{ name: 'a' }, { name: 'a/b' }])).rejects.toThrow('lies below "a", which is a file')
    await expect(zip([{ name: 'a/b' }, { name: 'a' }])).rejects.toThrow('twice')
  })

  test('more entries, bytes or folders than agreed', async () => {
    await expect(zip([{ name: 'a' }, { name: 'b' }, { name: 'c' }], { maxEntries: 2 })).rejects.toThrow(
      'its entry "c" is past the 2 entries',
    )
    await expect(zip([{ name: 'a', data: Buffer.alloc(11) }], { maxFileBytes: 10 })).rejects.toThrow('its entry "a" has 11 bytes')
    await expect(
      tar(
        [
          { path: 'a', data: Buffer.alloc(8) },
          { path: 'b', data: Buffer.alloc(8) },
        ],
        { maxTotalBytes: 10 },
      ),
    ).rejects.toThrow('brings the archive to 16')
    await expect(zip([{ name: `${'d/'.repeat(100)}x` }])).rejects.toThrow('folders deep')
  })

  test('a bomb, whether or not its header tells', async () => {
    const bomb = { name: 'bomb', data: Buffer.alloc(20_000_000), compress: true }
    await expect(zip([bomb], { freeBytes: 1_000_000, maxRatio: 100 })).rejects.toThrow(/its entry "bomb" .* bomb/)
    await expect(zip([{ ...bomb, claimedBytes: 10 }], { freeBytes: 1_000_000 })).rejects.toThrow(
      'its entry "bomb" holds more than the 10 bytes that it claims',
    )
    await expect(zip([{ ...bomb, name: 'small', claimedBytes: 30_000_000 }])).rejects.toThrow('holds 20000000 bytes and claims 30000000')
    await expect(tar([{ path: 'bomb', data: bomb.data }], { freeBytes: 1_000_000, maxRatio: 100 })).rejects.toThrow(
      /its entry "bomb" .* bomb/,
    )
  })

  test('what is no archive at all, or is cut off', async () => {
    const archive = join(folder, '..', 'a.zip')
    writeZip(archive, [{ name: 'a', data: text('x') }])
    const { truncateSync } = await import('node:fs')
    truncateSync(archive, 30)
    await expect(unpackZip({ archive, folder, sizeBytes: 30, signal })).rejects.toThrow('cannot be unpacked')
    await expect(unpackTar({ archive, folder, sizeBytes: 30, signal })).rejects.toThrow('cannot be unpacked')
  })
})
