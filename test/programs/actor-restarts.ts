import assert from 'node:assert/strict'
import * as shoal from 'shoal'
import { check, finish, ownCluster, rejection, until } from '../support/checks.ts'

await shoal.init(ownCluster({ numCpus: 4 }))

class Fragile {
  readonly pid = process.pid
  count = 0
  next(): number {
    this.count += 1
    return this.count
  }
  process(): number {
    return this.pid
  }
  restarts(): number {
    return shoal.runtimeContext().restarts
  }
  async exit(code: number): Promise<void> {
    console.log('about to end')
    await new Promise((resolve) => setTimeout(resolve, 20))
    process.exit(code)
  }
  async linger(ms: number): Promise<string> {
    await new Promise((resolve) => setTimeout(resolve, ms))
    return `done in life ${shoal.runtimeContext().restarts}`
  }
}

await check('process.exit in a method: the call fails with ActorDiedError that says exit code and last lines', async () => {
  const fragile = shoal.actor(Fragile).remote()
  const error = await rejection(shoal.get(fragile.exit.remote(7)))
  assert(error instanceof shoal.ActorDiedError, `${error.name}: ${error.message}`)
  assert.match(error.message, /exit code 7/)
  assert.match(error.message, /about to end/)
  const later = await rejection(shoal.get(fragile.next.remote()))
  assert(later instanceof shoal.ActorDiedError)
  assert.match(later.message, /exit code 7/)
})

await check('SIGKILL of an actor: calls in flight and later ones fail with ActorDiedError that names the signal', async () => {
  const fragile = shoal.actor(Fragile).remote()
  const pid = await shoal.get(fragile.process.remote())
  const call = fragile.linger.remote(60_000)
  await shoal.get(fragile.next.remote())
  process.kill(pid, 'SIGKILL')
  for (const ref of [call, fragile.next.remote()]) {
    const error = await rejection(shoal.get(ref))
    assert(error instanceof shoal.ActorDiedError, `${error.name}: ${error.message}`)
    assert.match(error.message, /SIGKILL/)
  }
})

await check(
  'with maxRestarts the constructor runs again, the state is lost, and calls in flight fail with ActorUnavailableError',
  async () => {
    const fragile = shoal.actor(Fragile, { maxRestarts: 1 }).remote()
    await shoal.get([fragile.next.remote(), fragile.next.remote()])
    const pid = await shoal.get(fragile.process.remote())
    const inFlight = fragile.linger.remote(60_000)
    await shoal.get(fragile.next.remote())
    process.kill(pid, 'SIGKILL')
    const error = await rejection(shoal.get(inFlight))
    assert(error instanceof shoal.ActorUnavailableError, `${error.name}: ${error.message}`)
    assert(error instanceof shoal.ActorError)
    assert.match(error.message, /SIGKILL/)
    assert.equal(await shoal.get(fragile.next.remote()), 1)
    assert.equal(await shoal.get(fragile.restarts.remote()), 1)
    const second = await shoal.get(fragile.process.remote())
    assert.notEqual(second, pid)
    process.kill(second, 'SIGKILL')
    const last = await rejection(
      (async () => {
        for (;;) await shoal.get(fragile.next.remote())
      })(),
    )
    assert(last instanceof shoal.ActorDiedError, `${last.name}: ${last.message}`)
    assert.match(last.message, /restarts are used up|maxRestarts/)
  },
)

await check('calls made while it restarts wait for the next life', async () => {
  const fragile = shoal.actor(Fragile, { maxRestarts: -1 }).remote()
  const pid = await shoal.get(fragile.process.remote())
  const exit = fragile.exit.remote(1)
  assert((await rejection(shoal.get(exit))) instanceof shoal.ActorUnavailableError)
  const calls = [1, 2, 3].map(() => fragile.next.remote())
  assert.deepEqual(await shoal.get(calls), [1, 2, 3])
  assert.notEqual(await shoal.get(fragile.process.remote()), pid)
})

await check('maxTaskRetries sends calls in flight again after the restart, in their order', async () => {
  const fragile = shoal.actor(Fragile, { maxRestarts: 1, maxTaskRetries: 1 }).remote()
  const pid = await shoal.get(fragile.process.remote())
  const slow = fragile.linger.remote(400)
  await shoal.get(fragile.next.remote())
  const after = [fragile.next.remote()]
  await shoal.get(after)
  process.kill(pid, 'SIGKILL')
  assert.equal(await shoal.get(slow), 'done in life 1')
})

await check('a call that ends its process each time is sent again maxTaskRetries times, then fails', async () => {
  const fragile = shoal.actor(Fragile, { maxRestarts: -1, maxTaskRetries: 1 }).remote()
  const error = await rejection(shoal.get(fragile.exit.remote(3)))
  assert(error instanceof shoal.ActorUnavailableError, `${error.name}: ${error.message}`)
  assert.equal(await shoal.get(fragile.restarts.remote()), 2)
})

await check('maxTaskRetries -1 sends a call again until it succeeds', async () => {
  class Stubborn {
    async run(): Promise<number> {
      const { restarts } = shoal.runtimeContext()
      if (restarts < 3) process.exit(1)
      return restarts
    }
  }
  const stubborn = shoal.actor(Stubborn, { maxRestarts: -1, maxTaskRetries: -1 }).remote()
  assert.equal(await shoal.get(stubborn.run.remote()), 3)
})

await check('constructor arguments are there again after a restart, also those in the store', async () => {
  class Holder {
    readonly data: Float64Array
    readonly word: string
    constructor(data: Float64Array, word: string) {
      this.data = data
      this.word = word
    }
    sum(): string {
      return `${this.word} ${this.data.length} ${shoal.runtimeContext().restarts}`
    }
    exit(): void {
      process.exit(1)
    }
  }
  const make = shoal.remote((n: number) => new Float64Array(n))
  const holder = shoal.actor(Holder, { maxRestarts: 1 }).remote(make.remote(50_000), await shoal.put('w'))
  assert.equal(await shoal.get(holder.sum.remote()), 'w 50000 0')
  await rejection(shoal.get(holder.exit.remote()))
  assert.equal(await shoal.get(holder.sum.remote()), 'w 50000 1')
})

await check('kill with noRestart false lets it restart; kill without ends it', async () => {
  const fragile = shoal.actor(Fragile, { maxRestarts: 5 }).remote()
  await shoal.get(fragile.next.remote())
  await shoal.kill(fragile, { noRestart: false })
  await until('it lives again', async () => {
    try {
      return (await shoal.get(fragile.restarts.remote())) === 1
    } catch (error) {
      assert(error instanceof shoal.ActorUnavailableError, String(error)) // sent before the kill was seen here
      return false
    }
  })
  assert.equal(await shoal.get(fragile.next.remote()), 1)
  await shoal.kill(fragile)
  const error = await rejection(shoal.get(fragile.next.remote()))
  assert(error instanceof shoal.ActorDiedError, `${error.name}: ${error.message}`)
})

await check('a constructor that throws after a restart ends the actor with its error', async () => {
  class OnlyOnce {
    constructor() {
      if (shoal.runtimeContext().restarts > 0) throw new RangeError('not twice')
    }
    exit(): void {
      process.exit(1)
    }
    ok(): boolean {
      return true
    }
  }
  const once = shoal.actor(OnlyOnce, { maxRestarts: -1 }).remote()
  assert.equal(await shoal.get(once.ok.remote()), true)
  await rejection(shoal.get(once.exit.remote()))
  const error = await rejection(shoal.get(once.ok.remote()))
  assert(error instanceof shoal.ActorDiedError, `${error.name}: ${error.message}`)
  assert(error.cause instanceof RangeError)
})

await shoal.shutdown()
finish()
