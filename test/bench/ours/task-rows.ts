import * as shoal from 'shoal'
import { ownBytesOf } from '../process-tree.ts'
import { scaled } from '../settings.ts'
import { Batcher, endActors, okBytes } from './actors.ts'
import type { OurRows, Pause } from './row-types.ts'

const smallValue = shoal.remote(function smallValue() {
  return okBytes
})
const nothing = shoal.remote(function nothing() {})
const sumArgs = shoal.remote(function sumArgs(...lists: number[][]) {
  return lists.reduce((total, list) => list.reduce((sum, one) => sum + one, total), 0)
})

const pidsOfWorker = shoal.remote(function pidsOfWorker(isOnRay: boolean) {
  return isOnRay ? [process.pid, process.ppid] : [process.pid]
})
const sameArray = shoal.remote(function sameArray(value: Uint8Array) {
  return value
})

const thousand = () => Array.from({ length: 1_000 }, () => smallValue.remote())

export const taskRows: OurRows = {
  'single client tasks and get batch': { prepare: () => ({ call: () => shoal.get(thousand()), counts: 1 }) },
  'single client wait 1k refs': { prepare: () => ({ call: waitForEach, counts: 1 }) },
  'single client tasks sync': { prepare: () => ({ call: () => shoal.get(smallValue.remote()), counts: 1 }) },
  'single client tasks async': { prepare: () => ({ call: () => shoal.get(thousand()), counts: 1_000 }) },
  'multi client tasks async': {
    prepare(scale) {
      const count = scaled(10_000, scale)
      const clients = Array.from({ length: 4 }, () => Batcher.remote(smallValue))
      const call = () => shoal.get(clients.map((client) => client.runTasks.remote(count)))
      return { call, counts: 4 * count, end: () => endActors(clients) }
    },
  },
  'memory of a worker that ran a task': {
    async sample() {
      await shoal.get(thousand())
      return ownBytesOf(await shoal.get(pidsOfWorker.remote(process.env['SHOAL_ENGINE'] === 'ray'))) / 1e6
    },
  },
  'array of 100 MB to a task and back': {
    async sample() {
      const value = new Uint8Array(100_000_000).fill(1)
      let tookMs = 0
      for (let count = 0; count < 3; count += 1) {
        const startMs = performance.now()
        const came = await shoal.get(sameArray.remote(value))
        tookMs = performance.now() - startMs
        if (came.at(-1) !== 1 || came.length !== value.length) throw new Error('the array is not as it was sent')
      }
      return tookMs
    },
  },
  'placement group create/removal': { prepare: () => ({ call: createAndRemoveGroups, counts: 100 }) },
  '1,000,000 tasks queued on one node, drained': { sample: (scale, pause) => drain(scaled(1_000_000, scale), pause) },
  '100,000 tasks queued on one node, drained': { sample: (scale, pause) => drain(scaled(100_000, scale), pause) },
  '10,000 args to one task': {
    async sample(scale) {
      const count = scaled(10_000, scale)
      const lists = Array.from({ length: count }, () => new Array<number>(10_000).fill(1))
      const startMs = performance.now()
      const sum = await shoal.get(sumArgs.remote(...lists))
      const tookMs = performance.now() - startMs
      if (sum !== count * 10_000) throw new Error(`the sum is ${sum}`)
      return tookMs / 1_000
    },
  },
}

async function waitForEach(): Promise<void> {
  let pending = thousand()
  for (let index = 0; index < 1_000; index += 1) {
    const split = await shoal.wait(pending, { fetchLocal: index === 0 })
    pending = split.pending
  }
}

async function createAndRemoveGroups(): Promise<void> {
  const groups = Array.from({ length: 100 }, () => shoal.placementGroup({ bundles: [{ custom: 0.001 }] }))
  await Promise.all(groups.map((group) => group.ready()))
  await Promise.all(groups.map((group) => shoal.removePlacementGroup(group)))
}

/** Seconds. Memory is looked at while all are held and some have run; that time is taken off. */
async function drain(count: number, pause: Pause): Promise<number> {
  const startMs = performance.now()
  const refs: shoal.ObjectRef<void>[] = []
  for (let index = 0; index < count; index += 1) refs.push(nothing.remote())
  const pausedMs = performance.now()
  await pause()
  const resumedMs = performance.now()
  await shoal.get(refs)
  return (performance.now() - resumedMs + pausedMs - startMs) / 1_000
}
