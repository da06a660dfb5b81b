import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import type { SavedRow } from '#runtime/head/core/rows.ts'
import { HeadStore } from '#runtime/head/store.ts'
import { actorIdOf, actorSpec } from './core/builders.ts'

function aPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-store-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return join(folder, 'head.sqlite')
}

const specRow = (number: number): SavedRow => ({
  table: 'actor-specs',
  key: actorIdOf(number),
  value: actorSpec(actorIdOf(number), { args: new Uint8Array([1, 2, number]) }),
})

test('rows come back as they were, bytes too, and deleted ones do not', () => {
  const path = aPath()
  const store = new HeadStore(path)
  store.commit([1, 2].map((number) => ({ type: 'save', row: specRow(number) })))
  store.commit([{ type: 'delete', table: 'actor-specs', key: actorIdOf(1) }])
  store.close()
  const again = new HeadStore(path)
  onTestFinished(() => again.close())
  const rows = again.loadRows()
  expect(rows).toEqual([specRow(2)])
})

test('a row that cannot be written takes the whole transaction back', () => {
  const path = aPath()
  const store = new HeadStore(path)
  onTestFinished(() => store.close())
  const bad = { ...specRow(2), value: () => 1 } as unknown as SavedRow // what no core makes
  expect(() =>
    store.commit([
      { type: 'save', row: specRow(1) },
      { type: 'save', row: bad },
    ]),
  ).toThrow(/could not be cloned/)
  expect(store.loadRows()).toEqual([])
})

test('a database of a newer release is refused by name', () => {
  const path = aPath()
  new HeadStore(path).close()
  const database = new DatabaseSync(path)
  database.exec('PRAGMA user_version = 99')
  database.close()
  expect(() => new HeadStore(path)).toThrow(/written by a newer release \(format 99/)
})

test('a file that is no database is refused by name', () => {
  const path = aPath()
  writeFileSync(path, 'not a database, but long enough to look at, is it not? '.repeat(20))
  expect(() => new HeadStore(path)).toThrow(expect.objectContaining({ code: 'cluster.start-failed' }))
})

test('a full disk has a name, and what is there can still be read', () => {
  const store = new HeadStore(aPath(), 200_000)
  onTestFinished(() => store.close())
  store.putValue('small', new Uint8Array([1]), false)
  expect(() => store.putValue('big', new Uint8Array(1_000_000), false)).toThrow(
    expect.objectContaining({ code: 'store.disk-full', message: expect.stringContaining('free some space') }),
  )
  expect(store.findValue('small')).toEqual(new Uint8Array([1]))
  expect(store.listKeys('')).toEqual(['small'])
})

test('values are put once unless told to overwrite, listed by prefix, and survive', () => {
  const path = aPath()
  const store = new HeadStore(path)
  expect(store.putValue('function:1', new Uint8Array([1]), false)).toBe(true)
  expect(store.putValue('function:1', new Uint8Array([2]), false)).toBe(false)
  expect(store.findValue('function:1')).toEqual(new Uint8Array([1]))
  expect(store.putValue('function:1', new Uint8Array([3]), true)).toBe(false)
  expect(store.findValue('function:1')).toEqual(new Uint8Array([3]))
  store.putValue('function_2', new Uint8Array(0), false)
  store.putValue('function:%', new Uint8Array(0), false)
  expect(store.listKeys('function:')).toEqual(['function:%', 'function:1'])
  expect(store.deleteValue('function:%')).toBe(true)
  store.close()
  const again = new HeadStore(path)
  onTestFinished(() => again.close())
  expect(again.listKeys('')).toEqual(['function:1', 'function_2'])
  expect(again.findValue('nothing')).toBeUndefined()
})

test('many large values pass through a cache of bounded size', () => {
  const store = new HeadStore(aPath())
  onTestFinished(() => store.close())
  for (let index = 0; index < 40; index += 1) store.putValue(`v${index}`, new Uint8Array(3_000_000).fill(index), false)
  for (let round = 0; round < 2; round += 1) {
    for (let index = 0; index < 40; index += 1) expect(store.findValue(`v${index}`)?.[0]).toBe(index)
  }
})
