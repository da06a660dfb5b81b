import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { BatchStore, type StoredEntry } from '#runtime/head/history/batch-store.ts'
import { nodeOf, workerOf } from './batches.ts'

function aPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-history-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return join(folder, 'history.sqlite')
}

const entry = (number: number, bytes: number): StoredEntry & { kind: 'reports' } => ({
  kind: 'reports',
  batch: {
    type: 'events.batch',
    ...{ nodeId: nodeOf(1), workerId: workerOf(1), pid: 5, count: 10, dropped: 0, firstMs: number, lastMs: number + 0.5 },
    packed: new Uint8Array(bytes).fill(number),
  },
})

test('batches are read newest first, page by page, and survive', () => {
  const path = aPath()
  const store = new BatchStore(path, 1e9)
  expect(store.append([1, 2, 3, 4, 5].map((number) => entry(number, 1_000)))).toBeUndefined()
  store.close()
  const again = new BatchStore(path, 1e9)
  onTestFinished(() => again.close())
  const first = again.read({ maxBytes: 2_500, beforeId: 0 })
  expect(first.batches.map(({ firstMs }) => firstMs)).toEqual([5, 4])
  expect(first.batches[0]).toEqual(entry(5, 1_000).batch)
  const second = again.read({ maxBytes: 100_000, beforeId: first.nextBeforeId })
  expect(second.batches.map(({ firstMs }) => firstMs)).toEqual([3, 2, 1])
  expect(second).toMatchObject({ nextBeforeId: 0, droppedBefore: 0 })
})

test('the oldest go when there are more bytes than the limit, and are counted', () => {
  const path = aPath()
  const store = new BatchStore(path, 10_000)
  store.append(Array.from({ length: 20 }, (_, at) => entry(at + 1, 1_000)))
  const kept = store.read({ maxBytes: 1_000_000, beforeId: 0 })
  expect(kept.batches.map(({ firstMs }) => firstMs)).toEqual([20, 19, 18, 17, 16, 15, 14, 13])
  expect(kept.droppedBefore).toBe(120)
  store.close()
  const again = new BatchStore(path, 10_000)
  onTestFinished(() => again.close())
  expect(again.read({ maxBytes: 1, beforeId: 0 })).toMatchObject({ droppedBefore: 120, batches: [{ firstMs: 20 }] })
})

test('what cannot be written is counted, and what was to make room for it is not', () => {
  const path = aPath()
  const store = new BatchStore(path, 10_000)
  onTestFinished(() => store.close())
  store.append(Array.from({ length: 8 }, (_, at) => entry(at + 1, 1_000)))
  const other = new DatabaseSync(path)
  other.exec("CREATE TRIGGER full BEFORE DELETE ON batches BEGIN SELECT RAISE(ABORT, 'the disk is full'); END")
  expect(store.append([entry(9, 1_000)])).toBe('the disk is full')
  other.exec('DROP TRIGGER full')
  other.close()
  expect(store.read({ maxBytes: 1_000_000, beforeId: 0 })).toMatchObject({ batches: { length: 8 }, droppedBefore: 10 })
})

test('ends of processes are loaded in their place among the batches, and are no batches to those who read these', () => {
  const store = new BatchStore(aPath(), 1e9)
  onTestFinished(() => store.close())
  const ended = { workerIds: [workerOf(1)], nodeIds: [], jobIds: [], atMs: 7 }
  store.append([entry(1, 10), { kind: 'ended', ended }, entry(2, 10)])
  expect([...store.load(1_000)]).toEqual([entry(1, 10), { kind: 'ended', ended }, entry(2, 10)])
  expect(store.read({ maxBytes: 1_000, beforeId: 0 }).batches).toHaveLength(2)
})

test('of many batches only as many are loaded as hold the attempts that are kept', () => {
  const store = new BatchStore(aPath(), 1e9)
  onTestFinished(() => store.close())
  store.append(Array.from({ length: 100 }, (_, at) => entry(at, 10)))
  expect([...store.load(50)].length).toBe(11) // twice 50 attempts, as they are told of more than once
})
