import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { MetricsStore } from '#runtime/head/metrics/metrics-store.ts'

const stepMs = 10_000

function aStore(): MetricsStore {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-metrics-store-'))
  const store = new MetricsStore(join(folder, 'metrics.sqlite'))
  onTestFinished(() => {
    store.close()
    rmSync(folder, { recursive: true, force: true })
  })
  return store
}
const write = (store: MetricsStore, nodeId: string, byte: number) => store.write(stepMs, { nodeId, atMs: 0, packed: Uint8Array.of(byte) })
const read = (store: MetricsStore, nodeId: string) => store.read(stepMs, nodeId, { fromMs: 0, toMs: 1 }).map(({ packed }) => packed[0])
const thenFull = (work: () => void) => () => {
  work()
  throw new Error('disk full')
}

test('nodes that came first while the disk was full are not taken for one another later', () => {
  const store = aStore()
  expect(() => store.together(thenFull(() => write(store, 'one', 1)))).toThrow('disk full')
  expect(store.nodeIds()).toEqual([])
  store.together(() => {
    write(store, 'other', 2)
    write(store, 'one', 1)
  })
  expect([read(store, 'one'), read(store, 'other')]).toEqual([[1], [2]])
})

test('a node that could not be forgotten goes on', () => {
  const store = aStore()
  store.together(() => write(store, 'one', 1))
  expect(() => store.together(thenFull(() => store.forget('one', new Map([[stepMs, 1]]))))).toThrow('disk full')
  store.together(() => write(store, 'one', 3))
  expect(read(store, 'one')).toEqual([3])
})
