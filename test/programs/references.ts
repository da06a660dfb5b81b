import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import * as shoal from 'shoal'
import { silentLogger } from '../../runtime/base/logger.ts'
import { Client } from '../../runtime/sdk/client/client.ts'
import { check, finish, ownCluster, rejection } from '../support/checks.ts'

const warnings: string[] = []
await shoal.init(
  ownCluster({ numCpus: 1, resources: { aside: 2 }, infeasibleTimeout: '1s', onWarning: (message) => void warnings.push(message) }),
)
const large = (fill: number): Float64Array => new Float64Array(50_000).fill(fill)

await check('refs at the top level are values, refs inside values stay refs', async () => {
  const ref = await shoal.put(20)
  const top = shoal.remote((value: number) => typeof value)
  assert.equal(await shoal.get(top.remote(ref)), 'number')
  const inside = shoal.remote(async (box: { ref: shoal.ObjectRef<number>; list: shoal.ObjectRef<number>[] }) => {
    const values = await shoal.get([box.ref, ...box.list])
    return [box.ref instanceof shoal.ObjectRef, values[0], values.length]
  })
  assert.deepEqual(await shoal.get(inside.remote({ ref, list: [ref, ref] })), [true, 20, 3])
})

await check('a task may return refs, of its own tasks and of what it put', async () => {
  const make = shoal.remote(async () => {
    const square = shoal.remote((x: number) => x * x)
    return { small: await shoal.put('small'), big: await shoal.put(new Float64Array(50_000).fill(3)), task: square.remote(6) }
  })
  const { small, big, task } = await shoal.get(make.remote())
  assert.equal(await shoal.get(small), 'small')
  assert.equal((await shoal.get(big))[49_999], 3)
  assert.equal(await shoal.get(task), 36)
})

await check('refs inside put objects keep what they refer to alive', async () => {
  const outer = await (async () => {
    const inner = await shoal.put(large(4))
    const middle = await shoal.put({ inner })
    return shoal.put([middle])
  })()
  await collectAll()
  const [middle] = await shoal.get(outer)
  const { inner } = await shoal.get(middle as shoal.ObjectRef<{ inner: shoal.ObjectRef<Float64Array> }>)
  assert.equal((await shoal.get(inner))[0], 4)
})

await check('a ref passed on to a third process lives on after the first two have dropped it', async () => {
  class Keeper {
    #kept: shoal.ObjectRef<Float64Array> | null = null
    keep(box: { ref: shoal.ObjectRef<Float64Array> }) {
      this.#kept = box.ref
    }
    give() {
      return { ref: this.#kept }
    }
    async read() {
      return this.#kept && (await shoal.get(this.#kept))[10]
    }
  }
  const A = shoal.actor(Keeper, { numCpus: 0 })
  const [first, second] = [A.remote(), A.remote()]
  const passOn = shoal.remote(
    async (from: shoal.ActorHandle<Keeper>, to: shoal.ActorHandle<Keeper>) => {
      await shoal.get(to.keep.remote((await shoal.get(from.give.remote())) as { ref: shoal.ObjectRef<Float64Array> }))
    },
    { numCpus: 0 },
  )
  await (async () => {
    const ref = await shoal.put(large(8))
    await shoal.get(first.keep.remote({ ref }))
  })()
  await shoal.get(passOn.remote(first, second))
  await shoal.kill(first)
  await collectAll()
  for (let i = 0; i < 5; i += 1) await shoal.put(large(i))
  assert.equal(await shoal.get(second.read.remote()), 8)
})

await check('a ref captured by a function travels with it', async () => {
  const ref = await shoal.put(11)
  const read = shoal.remote(async () => shoal.get(ref))
  assert.equal(await shoal.get(read.remote()), 11)
})

await check('when the owner dies its objects fail with OwnerDiedError, even where bytes are left', async () => {
  class Owner {
    async make() {
      return { ref: await shoal.put(new Float64Array(50_000)), pid: process.pid }
    }
  }
  const owner = shoal.actor(Owner, { numCpus: 0 }).remote()
  const { ref } = await shoal.get(owner.make.remote())
  await shoal.kill(owner)
  const error = await rejection(shoal.get(ref, { timeout: '15s' }))
  assert(error instanceof shoal.OwnerDiedError && error instanceof shoal.ObjectLostError, String(error))
})

await check('tasks nested 12 deep run on one CPU: a waiting worker gives its CPU back', async () => {
  const deep: shoal.RemoteFunction<[number], shoal.ObjectRef<number>, Promise<number>> = shoal.remote(
    async (n: number): Promise<number> => (n === 0 ? 0 : 1 + (await shoal.get(deep.remote(n - 1)))),
  )
  assert.equal(await shoal.get(deep.remote(12), { timeout: '40s' }), 12)
})

await check('tasks that wait for their many children do not stop them on one CPU', async () => {
  const leaf = shoal.remote((x: number) => x)
  const parent = shoal.remote(async (n: number) => {
    const refs = Array.from({ length: n }, (_, i) => leaf.remote(i))
    const { ready } = await shoal.wait(refs, { numReturns: n })
    return ready.length
  })
  assert.deepEqual(await shoal.get([parent.remote(20), parent.remote(20), parent.remote(20)], { timeout: '30s' }), [20, 20, 20])
})

await check('a lost result of a task is made again by running the task', async () => {
  const make = shoal.remote((fill: number) => new Float64Array(50_000).fill(fill))
  const ref = make.remote(5)
  await shoal.wait([ref])
  await dropFromStore(ref)
  assert.equal((await shoal.get(ref))[0], 5)
  const sum = shoal.remote((values: Float64Array) => values.length)
  await dropFromStore(ref)
  assert.equal(await shoal.get(sum.remote(ref)), 50_000)
})

await check('a lost result of an actor is made again where maxTaskRetries allows it, and only there', async () => {
  class Maker {
    made = 0
    make(): Float64Array {
      this.made += 1
      return new Float64Array(50_000).fill(this.made)
    }
  }
  const MakerActor = shoal.actor(Maker, { numCpus: 0 })
  const again = MakerActor.options({ maxTaskRetries: 1 }).remote().make.remote()
  await shoal.wait([again])
  await dropFromStore(again)
  assert.equal((await shoal.get(again))[0], 2) // the same actor, which remembers the first time
  const once = MakerActor.remote().make.remote()
  await shoal.wait([once])
  await dropFromStore(once)
  const error = await rejection(shoal.get(once))
  assert(error instanceof shoal.ObjectReconstructionFailedError, String(error))
  assert.match(error.message, /Maker\.make .*maxTaskRetries/)
})

await check('what was put, and what may not run again, cannot be made again and says so', async () => {
  const ref = await shoal.put(large(1))
  await dropFromStore(ref)
  const error = await rejection(shoal.get(ref))
  assert(error instanceof shoal.ObjectLostError, String(error))
  const once = shoal.remote(() => new Float64Array(50_000), { maxRetries: 0 }).remote()
  await shoal.wait([once])
  await dropFromStore(once)
  assert((await rejection(shoal.get(once))) instanceof shoal.ObjectReconstructionFailedError)
})

await check('a request that no node can meet is warned of with the nearest fit, and fails after the time set', async () => {
  const never = shoal.remote(() => 1, { numCpus: 64 })
  const from = performance.now()
  const error = await rejection(shoal.get(never.remote()))
  assert(error instanceof shoal.TaskUnschedulableError, String(error))
  assert(performance.now() - from >= 900)
  assert.match(error.message, /CPU/)
  assert(
    warnings.some((message) => /64/.test(message) && /CPU/.test(message)),
    warnings.join('\n'),
  )
  const unknown = await rejection(shoal.get(shoal.remote(() => 1, { resources: { unobtainium: 1 } }).remote()))
  assert.match(unknown.message, /unobtainium/)
})

/** Two rounds: what one collection frees may hold the next. */
async function collectAll(): Promise<void> {
  const { setFlagsFromString } = await import('node:v8')
  const { runInNewContext } = await import('node:vm')
  setFlagsFromString('--expose-gc')
  for (let i = 0; i < 3; i += 1) {
    ;(runInNewContext('gc') as () => void)()
    await new Promise((resolve) => setTimeout(resolve, 30))
  }
}

/** Loses the bytes of an object without its owner's knowledge, as a broken machine would. */
async function dropFromStore(ref: shoal.ObjectRef<unknown>): Promise<void> {
  const agentSocket = await shoal.get(
    shoal.remote(() => process.argv[process.argv.indexOf('--agent-socket') + 1] ?? '', { numCpus: 0 }).remote(),
  )
  const other = await Client.connect({
    ...{ role: 'driver', agentSocket, logger: silentLogger, entrypoint: 'test', namespace: null, warn: () => {} },
    randomHex: (bytes) => randomBytes(bytes).toString('hex'),
    importModule: (specifier) => import(specifier),
  })
  await other.keepAlive.during(() => other.store.free([ref.id]))
  other.close()
}

await shoal.shutdown()
finish()
