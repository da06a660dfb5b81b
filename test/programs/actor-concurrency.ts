import assert from 'node:assert/strict'
import * as shoal from 'shoal'
import { check, finish, ownCluster, rejection, until } from '../support/checks.ts'

await shoal.init(ownCluster({ numCpus: 4 }))

/** Counts how many calls run at once; `open` lets them end. */
class Meter {
  now = 0
  most = 0
  #open: (() => void)[] = []
  async hold(): Promise<void> {
    this.now += 1
    this.most = Math.max(this.most, this.now)
    await new Promise<void>((resolve) => this.#open.push(resolve))
    this.now -= 1
  }
  async enter(limit: number): Promise<number> {
    this.now += 1
    this.most = Math.max(this.most, this.now)
    while (this.most < limit) await new Promise((resolve) => setTimeout(resolve, 1))
    this.now -= 1
    return this.most
  }
  async running(): Promise<number> {
    return this.now
  }
  async open(): Promise<void> {
    for (const resolve of this.#open.splice(0)) resolve()
  }
}

await check('an actor with async methods runs 1,000 calls at once', async () => {
  const meter = shoal.actor(Meter).remote()
  const calls = Array.from({ length: 1_000 }, () => meter.enter.remote(1_000)) // each ends only when all run
  assert(Math.max(...(await shoal.get(calls, { timeout: '60s' }))) === 1_000)
})

await check('maxConcurrency limits how many calls of an async actor run at once', async () => {
  class Most {
    now = 0
    most = 0
    async run(): Promise<number> {
      this.now += 1
      this.most = Math.max(this.most, this.now)
      await new Promise((resolve) => setTimeout(resolve, 5))
      this.now -= 1
      return this.most
    }
  }
  const actor = shoal.actor(Most, { maxConcurrency: 3 }).remote()
  const seen = await shoal.get(Array.from({ length: 20 }, () => actor.run.remote()))
  assert.equal(Math.max(...seen), 3)
})

await check('an actor with sync methods only runs one call at a time', async () => {
  class Sync {
    now = 0
    run(): number {
      this.now += 1
      const seen = this.now
      this.now -= 1
      return seen
    }
  }
  const actor = shoal.actor(Sync).remote()
  assert.deepEqual(new Set(await shoal.get(Array.from({ length: 100 }, () => actor.run.remote()))), new Set([1]))
})

await check('an async actor that waits for others does not hold up its other calls', async () => {
  const slow = shoal.remote(async (ms: number) => {
    await new Promise((resolve) => setTimeout(resolve, ms))
    return ms
  })
  class Waiter {
    async wait(ms: number): Promise<number> {
      return shoal.get(slow.remote(ms))
    }
    async quick(): Promise<string> {
      return 'quick'
    }
  }
  const waiter = shoal.actor(Waiter).remote()
  await shoal.get(waiter.quick.remote())
  const long = waiter.wait.remote(60_000)
  assert.equal(await shoal.get(waiter.quick.remote(), { timeout: '10s' }), 'quick')
  shoal.cancel(long)
  await rejection(shoal.get(long))
})

await check('concurrency groups keep separate limits, set for a method or for one call', async () => {
  const Grouped = shoal.actor(Meter, {
    concurrencyGroups: { slow: 2, look: 1 },
    methods: { hold: { concurrencyGroup: 'slow' } },
    maxConcurrency: 1,
  })
  const meter = Grouped.remote()
  const held = [1, 2, 3, 4].map(() => meter.hold.remote())
  await until('two are held', async () => (await shoal.get(meter.running.remote())) === 2)
  assert.equal(await shoal.get(meter.running.options({ concurrencyGroup: 'look' }).remote()), 2)
  await until('all have run', async () => {
    await shoal.get(meter.open.remote())
    return (await shoal.wait(held, { numReturns: 4, timeout: 20 })).ready.length === 4
  })
})

await check('a call in a group that does not exist is refused, naming those there are', async () => {
  const meter = shoal.actor(Meter, { concurrencyGroups: { look: 1 } }).remote()
  const error = await rejection(shoal.get(meter.running.options({ concurrencyGroup: 'nowhere' }).remote()))
  assert(error instanceof shoal.ClusterError && error.code === 'bad-argument')
  assert.match(error.message, /look/)
})

await check('an async actor runs calls whose arguments are ready before one that waits for its argument', async () => {
  const never = shoal.remote(async () => {
    await new Promise((resolve) => setTimeout(resolve, 60_000))
    return 1
  })
  class Echo {
    async echo(value: number): Promise<number> {
      return value
    }
  }
  const echo = shoal.actor(Echo).remote()
  const waiting = never.remote()
  echo.echo.remote(waiting)
  assert.equal(await shoal.get(echo.echo.remote(5), { timeout: '10s' }), 5)
  shoal.cancel(waiting)
})

await check('calls from many tasks at once all arrive', async () => {
  class Sum {
    total = 0
    async add(k: number): Promise<void> {
      this.total += k
    }
    async read(): Promise<number> {
      return this.total
    }
  }
  const sum = shoal.actor(Sum).remote()
  const caller = shoal.remote(async (handle: shoal.ActorHandle<Sum>) => {
    await shoal.get(Array.from({ length: 50 }, () => handle.add.remote(1)))
  })
  await shoal.get(Array.from({ length: 20 }, () => caller.remote(sum)))
  assert.equal(await shoal.get(sum.read.remote()), 1_000)
})

await shoal.shutdown()
finish()
