import assert from 'node:assert/strict'
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as shoal from 'shoal'
import { check, finish, ownCluster, rejection, until } from '../support/checks.ts'

const folder = mkdtempSync(join(tmpdir(), 'shoal-streams-'))
await shoal.init(ownCluster({ numCpus: 2 }))

async function valuesOf<T>(stream: AsyncIterable<shoal.ObjectRef<T>>): Promise<T[]> {
  const values: T[] = []
  for await (const ref of stream) values.push(await shoal.get(ref))
  return values
}

await check('a generator function streams refs in the order it yields', async () => {
  const count = shoal.remote(function* (n: number) {
    for (let i = 0; i < n; i += 1) yield i
  })
  assert.deepEqual(await valuesOf(count.remote(5)), [0, 1, 2, 3, 4])
  assert.deepEqual(await valuesOf(count.remote(0)), [])
})

await check('an async generator streams, and a plain function that returns an iterable does with numReturns streaming', async () => {
  const slow = shoal.remote(async function* (n: number) {
    for (let i = 0; i < n; i += 1) {
      await new Promise((resolve) => setTimeout(resolve, 2))
      yield `item ${i}`
    }
  })
  assert.deepEqual(await valuesOf(slow.remote(3)), ['item 0', 'item 1', 'item 2'])
  const list = shoal.remote((n: number) => Array.from({ length: n }, (_, i) => i * i), { numReturns: 'streaming' })
  assert.deepEqual(await valuesOf(list.remote(4)), [0, 1, 4, 9])
})

await check('the first items come while the rest is being made', async () => {
  const gate = join(folder, 'gate')
  const gated = shoal.remote(async function* (path: string) {
    yield 'before'
    while (!existsSync(path)) await new Promise((resolve) => setTimeout(resolve, 5))
    yield 'after'
  })
  const stream = gated.remote(gate)
  const first = await stream.next()
  assert.equal(await shoal.get(first.value as shoal.ObjectRef<string>), 'before')
  appendFileSync(gate, '')
  assert.deepEqual(await valuesOf(stream), ['after'])
})

await check('completed tells how many items there were', async () => {
  const count = shoal.remote(function* (n: number) {
    for (let i = 0; i < n; i += 1) yield i
  })
  const stream = count.remote(7)
  assert.equal(await shoal.get(stream.completed), 7)
  assert.equal((await valuesOf(stream)).length, 7)
})

await check('an error is the last item: its ref throws it, and completed too', async () => {
  const breaks = shoal.remote(function* () {
    yield 1
    yield 2
    throw new RangeError('no third')
  })
  const stream = breaks.remote()
  const refs: shoal.ObjectRef<number>[] = []
  for await (const ref of stream) refs.push(ref)
  assert.equal(refs.length, 3)
  assert.deepEqual(await shoal.get(refs.slice(0, 2)), [1, 2])
  const error = await rejection(shoal.get(refs[2] as shoal.ObjectRef<number>))
  assert(error instanceof RangeError && error instanceof shoal.TaskError)
  assert((await rejection(shoal.get(stream.completed))) instanceof RangeError)
})

await check('backpressure keeps the producer so many items ahead and no more', async () => {
  const file = join(folder, 'produced')
  const produce = shoal.remote(
    function* (path: string) {
      for (let i = 0; i < 20; i += 1) {
        appendFileSync(path, 'x')
        yield i
      }
    },
    { generatorBackpressure: 3 },
  )
  const stream = produce.remote(file)
  const produced = () => (existsSync(file) ? readFileSync(file).length : 0)
  let consumed = 0
  for await (const ref of stream) {
    assert.equal(await shoal.get(ref), consumed)
    consumed += 1
    await until(`the producer is ${Math.min(20, consumed + 3)} far`, () => produced() >= Math.min(20, consumed + 3))
    assert(produced() <= consumed + 3, `${produced()} produced, ${consumed} consumed`)
  }
  assert.equal(consumed, 20)
})

await check('leaving a loop early stops the producer, and its finally runs', async () => {
  const file = join(folder, 'closed')
  const endless = shoal.remote(async function* (path: string) {
    try {
      for (let i = 0; ; i += 1) {
        yield i
        await new Promise((resolve) => setTimeout(resolve, 1))
      }
    } finally {
      appendFileSync(path, 'closed')
    }
  })
  const seen: number[] = []
  for await (const ref of endless.remote(file)) {
    seen.push(await shoal.get(ref))
    if (seen.length === 3) break
  }
  assert.deepEqual(seen, [0, 1, 2])
  await until('the generator has been closed', () => existsSync(file))
})

await check('an endless synchronous producer without limit stops when its consumer leaves', async () => {
  const file = join(folder, 'sync-closed')
  const endless = shoal.remote(function* (path: string) {
    try {
      for (let i = 0; ; i += 1) yield i
    } finally {
      appendFileSync(path, 'closed')
    }
  })
  for await (const ref of endless.remote(file)) {
    if ((await shoal.get(ref)) === 100) break
  }
  await until('the generator has been closed', () => existsSync(file))
})

await check('a stream whose worker dies is run again, and its consumer sees each item once', async () => {
  const file = join(folder, 'runs')
  const fragile = shoal.remote(async function* (path: string) {
    appendFileSync(path, 'x')
    for (let i = 0; i < 6; i += 1) {
      yield i
      await new Promise((resolve) => setTimeout(resolve, 5))
      if (i === 3 && readFileSync(path).length === 1) process.exit(1)
    }
  })
  assert.deepEqual(await valuesOf(fragile.remote(file)), [0, 1, 2, 3, 4, 5])
  assert.equal(readFileSync(file).length, 2)
})

await check('a stream that ran again and gave fewer items, or an error in place of one, fails with the error for that', async () => {
  const file = join(folder, 'shrinking')
  const shrinking = shoal.remote(async function* (path: string, fails: boolean) {
    appendFileSync(path, 'x')
    const isFirst = readFileSync(path).length === 1
    for (let i = 0; i < (isFirst ? 5 : 2); i += 1) {
      yield i
      await new Promise((resolve) => setTimeout(resolve, 5))
      if (isFirst && i === 3) process.exit(1)
    }
    if (fails) throw new RangeError('not this time')
  })
  for (const fails of [false, true]) {
    const stream = shrinking.remote(`${file} ${fails}`, fails)
    const refs: shoal.ObjectRef<number>[] = []
    for await (const ref of stream) refs.push(ref)
    assert.equal(refs.length, 5)
    assert.deepEqual(await shoal.get(refs.slice(0, 4)), [0, 1, 2, 3])
    const error = await rejection(shoal.get(refs[4] as shoal.ObjectRef<number>))
    assert(error instanceof shoal.StreamingGeneratorReplayInconsistentError, `${error.name}: ${error.message}`)
    assert.match(error.message, /gave 2 items.* 4 before/)
    assert((await rejection(shoal.get(stream.completed))) instanceof shoal.StreamingGeneratorReplayInconsistentError)
  }
})

await check('wait takes streams: ready when the next item is there, or no more will come', async () => {
  const gates = join(folder, 'wait-')
  const gated = shoal.remote(
    async function* (path: string, count: number) {
      for (let i = 0; i < count; i += 1) {
        while (!existsSync(`${path}${i}`)) await new Promise((resolve) => setTimeout(resolve, 5))
        yield i
      }
      while (!existsSync(`${path}end`)) await new Promise((resolve) => setTimeout(resolve, 5))
    },
    { numCpus: 0.5 },
  )
  const open = (name: string) => appendFileSync(`${gates}${name}`, '')
  const [quick, slow] = [gated.remote(`${gates}quick`, 2), gated.remote(`${gates}slow`, 1)]
  const number = await shoal.put(7)
  const ready = await shoal.wait([quick, number, slow])
  assert.deepEqual(ready, { ready: [number], pending: [quick, slow] })
  assert.deepEqual((await shoal.wait([quick, slow], { timeout: 0 })).ready, [])
  const first = shoal.wait([slow, quick])
  open('quick0')
  assert.deepEqual(await first, { ready: [quick], pending: [slow] })
  assert.deepEqual((await shoal.wait([quick, slow], { timeout: 20 })).ready, [quick]) // it was not taken
  const both = shoal.wait([quick, slow], { numReturns: 2 })
  open('slow0')
  assert.deepEqual((await both).ready, [quick, slow])
  const item = await quick.next()
  assert.equal(await shoal.get(item.value as shoal.ObjectRef<number>), 0)
  assert.deepEqual((await shoal.wait([quick], { timeout: 0 })).pending, [quick])
  open('quick1')
  const last = await quick.next()
  assert.equal(await shoal.get(last.value as shoal.ObjectRef<number>), 1)
  assert.deepEqual((await shoal.wait([quick], { timeout: 20 })).ready, []) // it has not ended
  const end = shoal.wait([quick])
  open('quickend')
  assert.deepEqual((await end).ready, [quick])
  assert.equal((await quick.next()).done, true)
  assert.deepEqual((await shoal.wait([quick])).ready, [quick])
  const twice = await rejection(Promise.resolve().then(() => shoal.wait([slow, slow])))
  assert(twice instanceof shoal.ClusterError && twice.code === 'bad-argument')
  open('slowend')
})

await check('a stream that fails is ready in wait, and a large next item is fetched for it', async () => {
  const breaks = shoal.remote(function* (path: string): Generator<number> {
    if (existsSync(path)) throw new RangeError('at once')
    yield 1
  })
  const broken = breaks.remote(folder)
  assert.deepEqual((await shoal.wait([broken])).ready, [broken])
  const { value } = await broken.next()
  assert((await rejection(shoal.get(value as shoal.ObjectRef<number>))) instanceof RangeError)
  const blocks = shoal.remote(function* () {
    yield new Float64Array(50_000).fill(3)
  })
  const stream = blocks.remote()
  assert.deepEqual((await shoal.wait([stream])).ready, [stream])
  assert.equal((await valuesOf(stream))[0]?.[0], 3)
})

await check('large items lie in the store, and refs of items go to other tasks', async () => {
  const blocks = shoal.remote(function* (n: number) {
    for (let i = 0; i < n; i += 1) yield new Float64Array(50_000).fill(i)
  })
  const sum = shoal.remote((block: Float64Array) => block.reduce((total, value) => total + value, 0))
  const sums: shoal.ObjectRef<number>[] = []
  for await (const ref of blocks.remote(4)) sums.push(sum.remote(ref))
  assert.deepEqual(await shoal.get(sums), [0, 50_000, 100_000, 150_000])
})

await check('a stream inside a task is consumed there', async () => {
  const inner = shoal.remote(function* (n: number) {
    for (let i = 0; i < n; i += 1) yield i
  })
  const outer = shoal.remote(async (n: number) => {
    let total = 0
    for await (const ref of inner.remote(n)) total += await shoal.get(ref)
    return total
  })
  assert.equal(await shoal.get(outer.remote(10)), 45)
})

await check('a function that streams and returns no iterable fails with a TypeError', async () => {
  const wrong = shoal.remote(() => 5 as unknown as Iterable<number>, { numReturns: 'streaming' })
  const items: shoal.ObjectRef<number>[] = []
  for await (const ref of wrong.remote()) items.push(ref)
  const error = await rejection(shoal.get(items[0] as shoal.ObjectRef<number>))
  assert(error instanceof TypeError, String(error))
})

await shoal.shutdown()
rmSync(folder, { recursive: true, force: true })
finish()
