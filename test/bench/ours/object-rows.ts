import * as shoal from 'shoal'
import { scaled } from '../settings.ts'
import type { OurRows } from './row-types.ts'

// Python lets an object go when its variable is assigned anew; here a row that puts large ones disposes of the ref at the same place.

const putSmallHundred = shoal.remote(async function putSmallHundred() {
  for (let count = 0; count < 100; count += 1) await shoal.put(0)
})
const putLarge = shoal.remote(async function putLarge(times: number) {
  for (let count = 0; count < times; count += 1) {
    const ref = await shoal.put(new Float64Array(10 * 1024 * 1024))
    ref[Symbol.dispose]()
  }
})
const listOfRefs = shoal.remote(async function listOfRefs(count: number) {
  const refs: shoal.ObjectRef<number>[] = []
  for (let index = 0; index < count; index += 1) refs.push(await shoal.put(1))
  return refs
})
const makeBytes = shoal.remote(function makeBytes(sizeBytes: number) {
  return new Uint8Array(sizeBytes).fill(1)
})

const hundredMb = 100_000_000

export const objectRows: OurRows = {
  'single client get calls (Plasma Store)': {
    async prepare() {
      const ref = await shoal.put(0)
      return { call: () => shoal.get(ref), counts: 1 }
    },
  },
  'single client put calls (Plasma Store)': { prepare: () => ({ call: () => shoal.put(0), counts: 1 }) },
  'multi client put calls (Plasma Store)': {
    prepare: () => ({ call: () => shoal.get(Array.from({ length: 10 }, () => putSmallHundred.remote())), counts: 1_000 }),
  },
  'single client put gigabytes': {
    prepare(scale) {
      const length = scaled(100 * 1024 * 1024, scale)
      const array = new Float64Array(length)
      return { call: () => putAndLetGo(array), counts: (0.8 * length) / (100 * 1024 * 1024) } // Ray counts these 838.9 MB as 0.8 GB
    },
  },
  'multi client put gigabytes': {
    prepare(scale) {
      const times = scaled(10, scale)
      return { call: () => shoal.get(Array.from({ length: 10 }, () => putLarge.remote(times))), counts: 0.8 * times }
    },
  },
  'single client get object containing 10k refs': {
    prepare() {
      const ref = listOfRefs.remote(10_000)
      return { call: () => shoal.get(ref), counts: 1 }
    },
  },
  'put of 100 MB arrays': {
    prepare() {
      const array = new Uint8Array(hundredMb).fill(1)
      return { call: () => putAndLetGo(array), counts: 0.1, reference: memcpyGbPerS }
    },
  },
  'get of 100 MB, same node': { sample: async () => median(await timesOfGets(timeOfFirstGetUs)) },
  'get of 100 MB again, same node': { sample: async () => median(await timesOfGets(timeOfSecondGetUs)) },
  '10,000 refs in one get': {
    async sample(scale) {
      const array = BigInt64Array.from({ length: 10_000 }, (_, index) => BigInt(index))
      const refs: shoal.ObjectRef<BigInt64Array>[] = []
      for (let count = scaled(10_000, scale); count > 0; count -= 1) refs.push(await shoal.put(array))
      const startMs = performance.now()
      const values = await shoal.get(refs)
      const tookMs = performance.now() - startMs
      if (values.at(-1)?.at(-1) !== 9_999n) throw new Error('the last array is not as it was put')
      for (const ref of refs) ref[Symbol.dispose]()
      return tookMs / 1_000
    },
  },
}

async function putAndLetGo(value: Uint8Array | Float64Array): Promise<void> {
  const ref = await shoal.put(value)
  ref[Symbol.dispose]()
}

/** Median of ten copies of 100 MB from one warm array to another, in GB/s. */
function memcpyGbPerS(): number {
  const from = new Uint8Array(hundredMb).fill(1)
  const to = new Uint8Array(hundredMb).fill(2)
  const rates = Array.from({ length: 10 }, () => {
    const startMs = performance.now()
    to.set(from)
    return hundredMb / 1e6 / (performance.now() - startMs)
  })
  return median(rates)
}

async function timesOfGets(one: (ref: shoal.ObjectRef<Uint8Array>) => Promise<number>): Promise<number[]> {
  const times: number[] = []
  for (let count = 0; count < 5; count += 1) {
    const ref = makeBytes.remote(hundredMb)
    await shoal.wait([ref])
    times.push(await one(ref))
    ref[Symbol.dispose]()
  }
  return times
}

async function timeOfFirstGetUs(ref: shoal.ObjectRef<Uint8Array>): Promise<number> {
  const startMs = performance.now()
  const value = await shoal.get(ref)
  const tookMs = performance.now() - startMs
  if (value.at(-1) !== 1 || value.length !== hundredMb) throw new Error('the array is not as the task made it')
  return tookMs * 1_000
}

async function timeOfSecondGetUs(ref: shoal.ObjectRef<Uint8Array>): Promise<number> {
  const first = await shoal.get(ref)
  const tookUs = await timeOfFirstGetUs(ref)
  if (first.at(-1) !== 1) throw new Error('the first view changed')
  return tookUs
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
