import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { silentLogger } from '#runtime/base/logger.ts'
import { PackageStore, type PackageStoreOptions } from '#runtime/head/jobs/package-store.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

const time = { at: 1_000_000_000_000 }
const clock = { nowMs: () => time.at, monotonicMs: () => time.at }
function aStore(more: Partial<PackageStoreOptions> = {}): PackageStore {
  const folder = more.folder ?? mkdtempSync(join(tmpdir(), 'shoal-packages-'))
  folders.push(folder)
  return new PackageStore({ folder, clock, logger: silentLogger, maxPackageBytes: 1_000, maxTotalBytes: 2_500, pinMs: 600_000, ...more })
}
async function* body(bytes: number): AsyncGenerator<Uint8Array> {
  for (let left = bytes; left > 0; left -= 400) yield Buffer.alloc(Math.min(400, left), 'p')
}
const name = (letter: string) => `_ray_pkg_${letter.repeat(16)}.zip`

test('a package is there as it came, also after a restart, and what was half uploaded is not', async () => {
  const store = aStore()
  await store.put(name('a'), body(900), 900)
  const found = store.find(name('a'))
  expect(found).toMatchObject({ sizeBytes: 900 })
  const folder = folders[0] ?? ''
  writeFileSync(join(folder, 'files', name('b')), 'half')
  writeFileSync(join(folder, 'incoming', '7'), 'half')
  const again = aStore({ folder })
  expect(again.find(name('a'))).toEqual(found)
  expect(again.find(name('b'))).toBeUndefined()
  expect(readdirSync(join(folder, 'incoming'))).toEqual([])
  const bytes = await again.read({ name: name('a'), sha256: found?.sha256 ?? '', offset: 850 })
  expect(bytes?.byteLength).toBe(50)
  expect(await again.read({ name: name('a'), sha256: '0'.repeat(64), offset: 0 })).toBeUndefined()
})

test('a package that is too large is refused with its name, its size and the limit, before or while it comes', async () => {
  const store = aStore()
  await expect(store.put(name('a'), body(0), 5_000)).rejects.toMatchObject({
    code: 'too-large',
    message: expect.stringMatching(/_ray_pkg_aaaa.* has 5000 bytes; this head takes 1000/),
  })
  await expect(store.put(name('a'), body(1_200), undefined)).rejects.toMatchObject({ code: 'too-large' })
  await expect(store.put(name('a'), body(1_200), 10)).rejects.toMatchObject({ code: 'too-large' })
  expect(store.find(name('a'))).toBeUndefined()
  expect(readdirSync(join(folders[0] ?? '', 'incoming'))).toEqual([])
})

test('a connection that breaks leaves nothing behind', async () => {
  const store = aStore()
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield Buffer.alloc(10)
    throw Object.assign(new Error('aborted'), { code: 'ECONNRESET' })
  }
  await expect(store.put(name('a'), broken(), 20)).rejects.toMatchObject({ code: 'link.closed' })
  expect(store.find(name('a'))).toBeUndefined()
})

test('past the budget the package not used for longest goes, but none that is pinned or that a job uses', async () => {
  const store = aStore()
  await store.put(name('a'), body(1_000), 1_000)
  time.at += 10_000
  await store.put(name('b'), body(1_000), 1_000)
  await expect(store.put(name('c'), body(1_000), 1_000)).rejects.toMatchObject({ code: 'store.full' }) // both were brought just now
  time.at += 595_000 // a's ten minutes are over
  await store.put(name('c'), body(1_000), 1_000)
  expect(store.list().map((each) => each.name)).toEqual([name('b'), name('c')])
  time.at += 600_001
  store.isUsed = (each) => each === name('b')
  await store.put(name('d'), body(1_000), 1_000)
  expect(store.list().map((each) => each.name)).toEqual([name('b'), name('d')])
})

test('asking for a package keeps it ten minutes more', async () => {
  const store = aStore()
  await store.put(name('a'), body(1_000), 1_000)
  await store.put(name('b'), body(1_000), 1_000)
  time.at += 599_000
  store.find(name('a'))
  time.at += 2_000
  await store.put(name('c'), body(1_000), 1_000)
  expect(store.list().map((each) => each.name)).toEqual([name('a'), name('c')])
})

test('content that is named by its hash is never replaced; a wheel of the same file name is', async () => {
  const store = aStore()
  await store.put(name('a'), body(100), 100)
  await store.put(name('a'), body(200), 200)
  expect(store.find(name('a'))?.sizeBytes).toBe(100)
  await store.put('thing-1.0.whl', body(100), 100)
  await store.put('thing-1.0.whl', body(200), 200)
  expect(store.find('thing-1.0.whl')?.sizeBytes).toBe(200)
})
