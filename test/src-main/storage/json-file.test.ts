import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { JsonFile, type JsonFileOptions } from '#src-main/storage/json-file.ts'
import { refusalOf, temporaryFolder } from './support.ts'

const Numbers = z.array(z.number())
const optionsIn = (folder: string, more: Partial<JsonFileOptions<number[]>> = {}): JsonFileOptions<number[]> => ({
  path: join(folder, 'numbers.json'),
  schema: Numbers,
  version: 1,
  empty: () => [],
  ...more,
})

test('updates that come at once are written one after the other, and found again', async () => {
  const options = optionsIn(await temporaryFolder())
  const file = await JsonFile.open(options)
  await Promise.all(Array.from({ length: 50 }, (_, index) => file.update((numbers) => [...numbers, index])))
  expect(file.data).toEqual(Array.from({ length: 50 }, (_, index) => index))
  expect((await JsonFile.open(options)).data).toEqual(file.data)
  expect((await stat(options.path)).mode & 0o777).toBe(0o600)
  expect(JSON.parse(await readFile(options.path, 'utf8'))).toMatchObject({ version: 1 })
})

test('an update that throws, or that makes what the schema refuses, changes nothing and does not stop the next', async () => {
  const options = optionsIn(await temporaryFolder())
  const file = await JsonFile.open(options)
  await file.update(() => [1])
  const text = await readFile(options.path, 'utf8')
  await expect(
    file.update(() => {
      throw new TypeError('mine')
    }),
  ).rejects.toThrow('mine')
  expect((await refusalOf(file.update(() => [Number.NaN]))).code).toBe('bad-argument')
  expect(file.data).toEqual([1])
  expect(await readFile(options.path, 'utf8')).toBe(text)
  expect(await file.update((numbers) => [...numbers, 2])).toEqual([1, 2])
})

test.each([
  ['cut off', '{"version":1,"data":[1,'],
  ['empty', ''],
  ['without an envelope', '[1]'],
  ['of another shape', '{"version":1,"data":{"a":1}}'],
  ['binary', '\u0000\u0001\ufffd'],
])('a file that is %s is kept under another name, said so, and replaced by the default', async (_, text) => {
  const folder = await temporaryFolder()
  const options = optionsIn(folder)
  await writeFile(options.path, text)
  const file = await JsonFile.open(options)
  expect(file.data).toEqual([])
  const kept = (await readdir(folder)).find((name) => name.startsWith('numbers.json.broken-')) ?? 'none'
  expect(file.warning).toContain(join(folder, kept))
  expect(await readFile(join(folder, kept), 'utf8')).toBe(text)
  await file.update(() => [7])
  expect((await JsonFile.open(options)).warning).toBeUndefined()
})

test('an older version is brought to this one, and a newer one is left alone', async () => {
  const options = optionsIn(await temporaryFolder())
  await writeFile(options.path, JSON.stringify({ version: 1, data: '1,2,3' }))
  const migrate = (data: unknown, from: number) => (from === 1 && typeof data === 'string' ? data.split(',').map(Number) : data)
  const newer = { ...options, version: 2, migrate }
  const file = await JsonFile.open(newer)
  expect(file.data).toEqual([1, 2, 3])
  await file.update((numbers) => numbers)
  const text = await readFile(options.path, 'utf8')
  expect((await refusalOf(JsonFile.open(options))).code).toBe('not-supported')
  expect(await readFile(options.path, 'utf8')).toBe(text)
})

test('more than the limit is not written, and not read', async () => {
  const options = optionsIn(await temporaryFolder(), { maxBytes: 100 })
  const file = await JsonFile.open(options)
  await file.update(() => [1])
  expect((await refusalOf(file.update(() => Array.from({ length: 100 }, () => 1)))).code).toBe('too-large')
  expect(file.data).toEqual([1])
  await writeFile(options.path, JSON.stringify({ version: 1, data: Array.from({ length: 100 }, () => 1) }))
  expect((await JsonFile.open(options)).warning).toContain('at most 100')
})

test('one that was made open to read is closed', async () => {
  const options = optionsIn(await temporaryFolder())
  await (await JsonFile.open(options)).update(() => [1])
  await chmod(options.path, 0o644)
  await JsonFile.open(options)
  expect((await stat(options.path)).mode & 0o777).toBe(0o600)
})
