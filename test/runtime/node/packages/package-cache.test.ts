import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { silentLogger } from '#runtime/base/logger.ts'
import { PackageCache, type PackageCacheOptions } from '#runtime/node/packages/package-cache.ts'
import type { AgentRequest } from '#runtime/protocol/jobs.ts'
import { writeZip } from './archives.ts'

const root = mkdtempSync(join(tmpdir(), 'shoal-cache-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const signal = new AbortController().signal
const asker = { say: () => {}, signal }

/** A head with packages in memory, which counts what it is asked. */
function aHead(packages: Record<string, Buffer>) {
  const asked: string[] = []
  const answer = async (request: AgentRequest): Promise<unknown> => {
    asked.push(request.type)
    const bytes = packages[request.name]
    if (request.type === 'package.find')
      return bytes ? { sizeBytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') } : null
    return bytes ? { bytes: new Uint8Array(bytes.subarray(request.offset, request.offset + 700_000)) } : null
  }
  return { asked, answer }
}
const aPackage = (content: string, padding = 10): Buffer => {
  const path = join(root, 'made.zip')
  writeZip(path, [
    { name: 'x.txt', data: Buffer.from(content) },
    { name: 'padding', data: Buffer.alloc(padding, content) },
  ])
  return readFileSync(path)
}
let count = 0
const aCache = (askHead: PackageCacheOptions['askHead'], more: Partial<PackageCacheOptions> = {}) =>
  new PackageCache({ folder: join(root, `cache-${(count += 1)}`), askHead, logger: silentLogger, maxBytes: 10_000_000, ...more })

test('a package is fetched in pieces, checked and unpacked once for all who want it', async () => {
  const head = aHead({ 'a.zip': aPackage('hello', 2_000_000) })
  const cache = aCache(head.answer)
  const [one, other] = await Promise.all([cache.use('a.zip', asker), cache.use('a.zip', asker)])
  expect(one.folder).toBe(other.folder)
  expect(readFileSync(join(one.folder, 'x.txt'), 'utf8')).toBe('hello')
  expect(head.asked.filter((type) => type === 'package.read')).toHaveLength(3)
})

test('what no job uses makes room, and is fetched again when it is wanted', async () => {
  const head = aHead({ 'a.zip': aPackage('a', 600_000), 'b.zip': aPackage('b', 600_000), 'c.zip': aPackage('c', 600_000) })
  const cache = aCache(head.answer, { maxBytes: 1_500_000 })
  const a = await cache.use('a.zip', asker)
  const b = await cache.use('b.zip', asker)
  b.release()
  const c = await cache.use('c.zip', asker)
  expect(existsSync(a.folder)).toBe(true) // still in use
  expect(existsSync(b.folder)).toBe(false)
  expect(existsSync(c.folder)).toBe(true)
})

test('a package that is not there, or changes while it is read, is told by name, and is no obstacle for the next try', async () => {
  const packages: Record<string, Buffer> = {}
  const head = aHead(packages)
  const cache = aCache(head.answer)
  await expect(cache.use('a.zip', asker)).rejects.toThrow('the head has no package a.zip')
  packages['a.zip'] = aPackage('one')
  const lying = aCache(async (request) =>
    request.type === 'package.find' ? { sizeBytes: 3, sha256: '0'.repeat(64) } : { bytes: new Uint8Array(3) },
  )
  await expect(lying.use('a.zip', asker)).rejects.toThrow('what arrived is not what the head keeps')
  await expect(cache.use('a.zip', asker)).resolves.toBeDefined()
})

test('an unsafe package leaves nothing behind', async () => {
  const path = join(root, 'evil.zip')
  writeZip(path, [{ name: '../evil', data: Buffer.from('x') }])
  const folder = join(root, 'evil-cache')
  const cache = aCache(aHead({ 'evil.zip': readFileSync(path) }).answer, { folder })
  await expect(cache.use('evil.zip', asker)).rejects.toThrow(/package evil.zip: the archive is refused: its entry "..\/evil" leads out/)
  expect(readdirSync(folder)).toEqual([])
})
