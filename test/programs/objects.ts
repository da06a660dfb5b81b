import assert from 'node:assert/strict'
import * as shoal from 'shoal'
import { check, finish, ownCluster, rejection } from '../support/checks.ts'

const megabyte = 1024 * 1024
await shoal.init(ownCluster({ numCpus: 2, objectStoreMemory: 400 * megabyte }))

await check('what is put comes back equal, small and large, and is copied at the put', async () => {
  const value = {
    text: 'ä',
    list: [1n, new Date(5)],
    map: new Map([['k', new Set([1])]]),
    bytes: new Uint8Array([1, 2]),
    nothing: undefined,
  }
  const ref = await shoal.put(value)
  value.text = 'changed later'
  assert.deepEqual(await shoal.get(ref), { ...value, text: 'ä' })
  const large = new Float64Array(131_072).map((_, i) => i)
  const largeRef = await shoal.put({ large })
  large[0] = -1
  const back = await shoal.get(largeRef)
  assert.equal(back.large[0], 0)
  assert.equal(back.large[131_071], 131_071)
})

await check('100 MB come back as a view without a copy, in this process and in a task', async () => {
  const ref = await shoal.put(new Uint8Array(100 * megabyte).fill(7))
  const before = process.memoryUsage().arrayBuffers
  const view = await shoal.get(ref)
  assert.equal(view.length, 100 * megabyte)
  assert.equal(view[50 * megabyte], 7)
  assert(process.memoryUsage().arrayBuffers - before < 50 * megabyte || view.buffer.byteLength > 100 * megabyte)
  const from = performance.now()
  for (let i = 0; i < 20; i += 1) assert.equal((await shoal.get(ref)).length, 100 * megabyte)
  assert(performance.now() - from < 200, 'twenty copies of 100 MB would take longer')
  const look = shoal.remote((bytes: Uint8Array) => {
    const started = performance.now()
    return { first: bytes[0], length: bytes.length, ms: performance.now() - started }
  })
  assert.deepEqual({ ...(await shoal.get(look.remote(ref))), ms: 0 }, { first: 7, length: 100 * megabyte, ms: 0 })
})

await check('writing to a view changes nothing for others', async () => {
  const ref = await shoal.put(new Float64Array(100_000).fill(1))
  const write = shoal.remote((values: Float64Array) => {
    values.fill(9)
    return values[99_999]
  })
  const read = shoal.remote((values: Float64Array) => values.reduce((total, value) => total + value, 0))
  const mine = await shoal.get(ref)
  mine[0] = 5
  assert.equal(await shoal.get(write.remote(ref)), 9)
  assert.equal(await shoal.get(read.remote(ref)), 100_000)
})

await check('a view stays whole after its object is freed', async () => {
  const ref = await shoal.put(new Uint8Array(8 * megabyte).fill(3))
  const view = await shoal.get(ref)
  shoal.free(ref)
  const others = await Promise.all(Array.from({ length: 10 }, () => shoal.put(new Uint8Array(8 * megabyte).fill(200))))
  assert(view.every((byte) => byte === 3))
  shoal.free(others)
})

await check('large arguments and results go through the store by themselves', async () => {
  const double = shoal.remote((values: Float64Array) => values.map((value) => value * 2))
  const input = new Float64Array(200_000).map((_, i) => i)
  const output = await shoal.get(double.remote(input))
  assert.equal(output.length, 200_000)
  assert(output.every((value, index) => value === index * 2))
  const text = 'x'.repeat(300_000)
  assert.equal(
    await shoal.get(shoal.remote((a: string, b: { deep: string }) => a.length + b.deep.length).remote(text, { deep: text })),
    600_000,
  )
})

await check('free lets an object go: get fails with ObjectFreedError, and its memory comes back', async () => {
  for (let round = 0; round < 4; round += 1) {
    const ref = await shoal.put(new Uint8Array(250 * megabyte).fill(round))
    const view = new Uint8Array((await shoal.get(ref)).slice(0, 10)) // a copy: nothing holds the object in memory
    assert.equal(view[9], round)
    shoal.free(ref)
    const error = await rejection(shoal.get(ref))
    assert(error instanceof shoal.ObjectFreedError && error instanceof shoal.ObjectLostError)
  }
})

await check('using lets an object go at the end of its block', async () => {
  let kept: shoal.ObjectRef<Uint8Array>
  {
    using ref = await shoal.put(new Uint8Array(200_000))
    kept = ref
    assert.equal((await shoal.get(ref)).length, 200_000)
  }
  assert((await rejection(shoal.get(kept))) instanceof shoal.ObjectFreedError)
})

await check('objects that nobody refers to are freed without a word', async () => {
  for (let i = 0; i < 40; i += 1) await shoal.put(new Uint8Array(50 * megabyte), { timeout: '20s' }) // 2 GB in all, through 400 MB
})

await check('a ref is refused by put, and what is no ref by get, wait, free and cancel', async () => {
  const ref = await shoal.put(1)
  for (const call of [() => shoal.put(ref), () => shoal.get(5 as never), () => shoal.get([ref, 5] as never)]) {
    const error = await rejection(Promise.resolve().then(call))
    assert(error instanceof shoal.ClusterError && error.code === 'bad-argument', String(error))
  }
  assert.throws(() => shoal.free([{}] as never), /bad-argument|ObjectRef/)
  assert.throws(() => shoal.cancel('x' as never), /ObjectRef/)
})

await check('get gives up after its timeout and leaves the task running', async () => {
  const slow = shoal.remote(() => new Promise((resolve) => setTimeout(() => resolve('late'), 300)))
  const ref = slow.remote()
  const now = await rejection(shoal.get(ref, { timeout: 0 }))
  assert(now instanceof shoal.GetTimeoutError)
  const error = await rejection(shoal.get(ref, { timeout: '50ms' }))
  assert(error instanceof shoal.GetTimeoutError)
  assert(Number(error.details['waitedMs']) >= 50)
  assert.equal(await shoal.get(ref), 'late')
  assert.equal(await shoal.get(ref, { timeout: 0 }), 'late')
})

await check('a signal stops the waiting only', async () => {
  const slow = shoal.remote(() => new Promise((resolve) => setTimeout(() => resolve('late'), 200)))
  const ref = slow.remote()
  const stop = new AbortController()
  const waiting = rejection(shoal.get(ref, { signal: stop.signal }))
  stop.abort(new Error('enough'))
  assert.equal((await waiting).message, 'enough')
  assert.equal((await rejection(shoal.get(ref, { signal: AbortSignal.abort(new Error('before')) }))).message, 'before')
  assert.equal(await shoal.get(ref), 'late')
})

await check('wait splits refs in the order given, at most numReturns ready', async () => {
  const after = shoal.remote((ms: number) => new Promise((resolve) => setTimeout(() => resolve(ms), ms)), { numCpus: 0 })
  const refs = [after.remote(60_000), after.remote(1), after.remote(2)] // the first ends when it is cancelled
  const two = await shoal.wait(refs, { numReturns: 2 })
  assert.deepEqual(two.ready, [refs[1], refs[2]])
  assert.deepEqual(two.pending, [refs[0]])
  const one = await shoal.wait(refs)
  assert.deepEqual(one.ready, [refs[1]])
  assert.deepEqual(one.pending, [refs[0], refs[2]])
  const none = await shoal.wait([refs[0] as shoal.ObjectRef<unknown>], { timeout: 20 })
  assert.deepEqual(none.ready, [])
  const look = await shoal.wait(refs, { numReturns: 3, timeout: 0 })
  assert.equal(look.ready.length, 2)
  shoal.cancel(refs[0] as shoal.ObjectRef<unknown>, { force: true })
})

await check('a failed task counts as ready in wait', async () => {
  const fail = shoal.remote(() => {
    throw new Error('failed')
  })
  const ref = fail.remote()
  assert.deepEqual((await shoal.wait([ref])).ready, [ref])
})

await check('wait refuses duplicates and more than there are', async () => {
  const ref = await shoal.put(1)
  const refused = async (call: () => Promise<unknown>) => {
    const error = await rejection(Promise.resolve().then(call))
    assert(error instanceof shoal.ClusterError && error.code === 'bad-argument')
  }
  await refused(() => shoal.wait([ref, ref]))
  await refused(() => shoal.wait([ref], { numReturns: 2 }))
  await refused(() => shoal.wait([ref], { numReturns: 0 }))
  await refused(() => shoal.wait([]))
  await refused(() => shoal.wait([ref], { timeout: -1 }))
})

await check('wait for large results fetches them, or not, as told', async () => {
  const make = shoal.remote(() => new Uint8Array(megabyte))
  const refs = [make.remote(), make.remote()]
  assert.equal((await shoal.wait(refs, { numReturns: 2 })).ready.length, 2)
  assert.equal((await shoal.wait(refs, { numReturns: 2, fetchLocal: false })).ready.length, 2)
})

await check('arguments that together are more than a message can hold travel as one object, to tasks and to actors', async () => {
  const many = Array.from({ length: 20_000 }, () => 'x'.repeat(4_000))
  const count = shoal.remote((...all: string[]) => all.length)
  const actor = shoal
    .actor(
      class Counter {
        count(...all: string[]): number {
          return all.length
        }
      },
    )
    .remote()
  const last = await shoal.put('ref')
  assert.deepEqual(await shoal.get([count.remote(...many, last), actor.count.remote(...many)]), [20_001, 20_000])
  assert.deepEqual(await shoal.get([count.remote('a'), actor.count.remote('b', 'c')]), [1, 2])
})

await check('put and calls take a value as it is when they are called', async () => {
  const text = { list: [1, 2], name: 'before' }
  const small = new Uint8Array(1_000).fill(1)
  const large = { bytes: new Uint8Array(megabyte / 2).fill(1), list: [1] } // by the store
  const puts = [shoal.put(text), shoal.put(small), shoal.put(large)] as const
  const read = shoal.remote((given: typeof text, few: Uint8Array, many: typeof large) => [given.name, few[0], many.bytes[0], many.list[0]])
  const actor = shoal
    .actor(
      class Reader {
        readonly first: number
        constructor(many: typeof large) {
          this.first = many.bytes[0] ?? 0
        }
        read(few: Uint8Array, many: typeof large): (number | undefined)[] {
          return [this.first, few[0], many.bytes[0], many.list[0]]
        }
      },
    )
    .remote(large)
  const [inTask, inActor] = [read.remote(text, small, large), actor.read.remote(small, large)]
  text.name = 'after'
  for (const bytes of [small, large.bytes]) bytes.fill(2)
  large.list[0] = 2
  assert.deepEqual(await shoal.get(inTask), ['before', 1, 1, 1])
  assert.deepEqual(await shoal.get(inActor), [1, 1, 1, 1])
  const huge = { list: [1], bytes: new Uint8Array(2 * megabyte).fill(1) }
  const put = shoal.put(huge)
  huge.list[0] = 2 // its bytes may change only when the promise has resolved
  const ref = await put
  huge.bytes.fill(2)
  const back = await shoal.get(ref)
  assert.deepEqual([back.list[0], back.bytes[0], back.bytes.at(-1)], [1, 1, 1])
  const [one, two, three] = await shoal.get(await Promise.all(puts))
  assert.deepEqual([one.name, two[0], three.bytes[0], three.list[0]], ['before', 1, 1, 1])
})

await check('arguments that are small alone and too much together travel all the same', async () => {
  const list = Array.from({ length: 10_000 }, (_, index) => 100_000 + index)
  const refs = await Promise.all(Array.from({ length: 2_000 }, () => shoal.put(list))) // 80 MB in all, more than one message may hold
  const count = shoal.remote((...lists: number[][]) => lists.reduce((sum, each) => sum + each.length, 0))
  assert.equal(await shoal.get(count.remote(...refs)), 2_000 * 10_000)
  const plain = Array.from({ length: 2_000 }, () => list) // the same without refs
  assert.equal(await shoal.get(count.remote(...plain)), 2_000 * 10_000)
  const length = shoal.remote((each: number[]) => each.length)
  const lengths = await shoal.get(refs.map((ref) => length.remote(ref)))
  assert(lengths.every((each) => each === 10_000))
})

await shoal.shutdown()
finish()
