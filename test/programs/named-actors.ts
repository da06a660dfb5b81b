import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import * as shoal from 'shoal'
import { check, finish, rejection, until } from '../support/checks.ts'
import { startCluster } from '../support/cluster.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void // what the flag adds

class Counter {
  n = 0
  add(k: number): number {
    this.n += k
    return this.n
  }
  pid(): number {
    return process.pid
  }
  block(length: number): Float64Array {
    return new Float64Array(length)
  }
  *blocks(count: number, length: number): Generator<Float64Array> {
    for (let i = 0; i < count; i += 1) yield new Float64Array(length)
  }
  async slow(ms: number): Promise<string> {
    await new Promise((resolve) => setTimeout(resolve, ms))
    return 'done'
  }
}
const CounterActor = shoal.actor(Counter, { numCpus: 0 })

// The other driver: this program again, told what to do.
const order = process.argv[2]
if (order) {
  await shoal.init({ address: 'auto', namespace: 'shared' })
  const held = [CounterActor.options({ name: 'stays', lifetime: 'detached' }).remote(), CounterActor.options({ name: 'goes' }).remote()]
  for (const actor of held) await shoal.get(actor.add.remote(10))
  process.stdout.write('made\n')
  if (order === 'leave') await shoal.shutdown()
  else await new Promise(() => {}) // until it is killed
  process.exit(0)
}

const cluster = await startCluster({ nodes: [{ cpus: 2, config: { idleWorkerMs: 3_000 } }] })
const join = { address: cluster.address, tempDir: cluster.tempDir }
await shoal.init({ ...join, namespace: 'shared' })

const isGone = async (name: string): Promise<boolean> => !(await shoal.listNamedActors()).some((listed) => listed.name === name)

await check('a named actor is found by its name, from the driver and from tasks', async () => {
  const counter = CounterActor.options({ name: 'tally' }).remote()
  await shoal.get(counter.add.remote(1))
  const found = await shoal.getActor<Counter>('tally')
  assert.equal(found.actorId, counter.actorId)
  assert.equal(await shoal.get(found.add.remote(1)), 2)
  const fromTask = shoal.remote(async () => shoal.get((await shoal.getActor<Counter>('tally')).add.remote(1)))
  assert.equal(await shoal.get(fromTask.remote()), 3)
  assert(await shoal.listNamedActors().then((list) => list.some(({ name, namespace }) => name === 'tally' && namespace === 'shared')))
  await shoal.kill(counter)
  await until('the name is free', () => isGone('tally'))
})

await check('a name that nobody has is an error', async () => {
  const error = await rejection(shoal.getActor('nobody'))
  assert(error instanceof shoal.ClusterError && error.code === 'actor.not-found')
  assert.match(error.message, /nobody/)
})

await check('a second actor of the same name fails at its first call with ActorAlreadyExistsError', async () => {
  const first = CounterActor.options({ name: 'taken' }).remote()
  await shoal.get(first.add.remote(1))
  const second = CounterActor.options({ name: 'taken' }).remote()
  for (const call of [second.add.remote(1), second.add.remote(1)]) {
    const error = await rejection(shoal.get(call))
    assert(error instanceof shoal.ActorAlreadyExistsError, `${error.name}: ${error.message}`)
    assert.match(error.message, /taken/)
  }
  assert.equal(await shoal.get(first.add.remote(1)), 2)
})

await check('the name is free again when its actor has died', async () => {
  const first = CounterActor.options({ name: 'again' }).remote()
  await shoal.get(first.add.remote(1))
  await shoal.kill(first)
  await until('the name is free', () => isGone('again'))
  const second = CounterActor.options({ name: 'again' }).remote()
  assert.equal(await shoal.get(second.add.remote(5)), 5)
})

await check('the same name in another namespace is another actor', async () => {
  const here = CounterActor.options({ name: 'twin' }).remote()
  const there = CounterActor.options({ name: 'twin', namespace: 'other' }).remote()
  await shoal.get([here.add.remote(1), there.add.remote(2)])
  assert.equal(await shoal.get((await shoal.getActor<Counter>('twin', { namespace: 'other' })).add.remote(0)), 2)
  assert.equal(await shoal.get((await shoal.getActor<Counter>('twin')).add.remote(0)), 1)
  const all = await shoal.listNamedActors({ allNamespaces: true })
  assert.deepEqual(
    all
      .filter(({ name }) => name === 'twin')
      .map(({ namespace }) => namespace)
      .toSorted(),
    ['other', 'shared'],
  )
  assert.equal((await shoal.listNamedActors()).filter(({ name }) => name === 'twin').length, 1)
})

await check('getIfExists gives the actor that has the name, or makes one', async () => {
  const GetOrMake = CounterActor.options({ name: 'shared-one', getIfExists: true })
  const first = GetOrMake.remote()
  assert.equal(await shoal.get(first.add.remote(1)), 1)
  const second = GetOrMake.remote()
  const calls = [second.add.remote(1), second.add.remote(1)]
  assert.deepEqual(await shoal.get(calls), [2, 3])
  assert.equal(second.actorId, first.actorId)
  const use = shoal.remote((handle: shoal.ActorHandle<Counter>) => shoal.get(handle.add.remote(1)))
  assert.equal(await shoal.get(use.remote(second)), 4)
  const made = await shoal.get(Array.from({ length: 4 }, () => GetOrMake.options({ name: 'raced' }).remote().pid.remote()))
  assert.equal(new Set(made).size, 1)
})

await check('an actor ends when its last handle is gone, and not before its calls are done', async () => {
  let counter: shoal.ActorHandle<Counter> | undefined = CounterActor.options({ name: 'dropped' }).remote()
  const slow = counter.slow.remote(300)
  counter = undefined
  await until('it has ended', async () => {
    collect()
    return isGone('dropped')
  })
  assert.equal(await shoal.get(slow), 'done')
})

await check('a large result that is still held does not keep its actor alive, unless its calls may run again', async () => {
  const make = (name: string, maxTaskRetries: number) => CounterActor.options({ name, maxTaskRetries }).remote().block.remote(50_000)
  const [once, again] = [make('once', 0), make('again-and-again', 1)]
  const stream = CounterActor.options({ name: 'streamed' }).remote().blocks.remote(2, 50_000)
  const items: shoal.ObjectRef<Float64Array>[] = []
  for await (const item of stream) items.push(item)
  await shoal.wait([once, again], { numReturns: 2 })
  for (const name of ['once', 'streamed']) {
    await until(`${name} has ended`, async () => {
      collect()
      return isGone(name)
    })
  }
  assert.equal(await isGone('again-and-again'), false)
  assert.equal((await shoal.get(once)).length, 50_000)
  assert.equal((await shoal.get(again)).length, 50_000)
  assert.equal((await shoal.get(items)).length + (await shoal.get(stream.completed)), 4)
})

await check('a handle held by another actor keeps it alive; it ends with that actor', async () => {
  class Holder {
    readonly handle: shoal.ActorHandle<Counter>
    constructor(handle: shoal.ActorHandle<Counter>) {
      this.handle = handle
    }
    add(k: number): Promise<number> {
      return shoal.get(this.handle.add.remote(k))
    }
  }
  const makeHolder = () => shoal.actor(Holder, { numCpus: 0 }).remote(CounterActor.options({ name: 'held' }).remote())
  const holder = makeHolder()
  assert.equal(await shoal.get(holder.add.remote(1)), 1)
  const until_ = performance.now() + 500
  while (performance.now() < until_) {
    collect()
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  assert.equal(await shoal.get(holder.add.remote(1)), 2)
  await shoal.kill(holder)
  await until('it has ended', async () => {
    collect()
    return isGone('held')
  })
})

await check('a worker whose actors are in use does not end as an idle one', async () => {
  class Gate {
    inside = 0
    async enter(): Promise<void> {
      this.inside += 1
      while (this.inside < 3) await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
  const gate = shoal.actor(Gate, { numCpus: 0 }).remote()
  const make = shoal.remote(
    async (door: shoal.ActorHandle<Gate>, isOwner: boolean) => {
      await shoal.get(door.enter.remote())
      return { pid: process.pid, counter: isOwner ? CounterActor.remote() : null }
    },
    { numCpus: 0.1 },
  )
  const made = await shoal.get([true, true, false].map((isOwner) => make.remote(gate, isOwner)))
  assert.equal(new Set(made.map(({ pid }) => pid)).size, 3)
  await until('the worker that owns nothing has ended', () => !isAlive(made[2]?.pid ?? 0))
  for (const { counter } of made) if (counter) assert.equal(await shoal.get(counter.add.remote(1)), 1)
})

await check('a worker that may run no more tasks stays while others use an actor that it made, and then ends', async () => {
  const make = shoal.remote(() => ({ pid: process.pid, counter: CounterActor.remote() }), { maxCalls: 1, numCpus: 2 })
  let made: { pid: number; counter: shoal.ActorHandle<Counter> } | undefined = await shoal.get(make.remote())
  const { pid } = made
  const other = await shoal.get(make.remote())
  assert.notEqual(other.pid, pid)
  await until('its worker could have left by now', () => isAlive(other.pid))
  assert.deepEqual(await shoal.get([made.counter.add.remote(1), made.counter.add.remote(1)]), [1, 2])
  assert(isAlive(pid))
  made = undefined
  await until('the worker has ended', () => {
    collect()
    return !isAlive(pid)
  })
  assert.equal(await shoal.get(other.counter.add.remote(1)), 1)
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

await check('a detached actor outlives the driver that made it, others end with it', async () => {
  await otherDriver('leave')
  await checkLeftBehind()
})

await check('the same when the driver is killed', async () => {
  await otherDriver('stay')
  await checkLeftBehind()
})

async function checkLeftBehind(): Promise<void> {
  await until('the other is gone', () => isGone('goes'))
  const stays = await shoal.getActor<Counter>('stays')
  assert.equal(await shoal.get(stays.add.remote(1)), 11)
  await shoal.kill(stays)
  await until('its name is free', () => isGone('stays'))
}

/** Runs this program as another driver until it has made its actors; one that stays is killed then. */
async function otherDriver(what: 'leave' | 'stay'): Promise<void> {
  const args = [...process.execArgv, process.argv[1] ?? '', what]
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, SHOAL_TEMP_DIR: cluster.tempDir },
  })
  const exited = once(child, 'exit')
  await Promise.race([once(child.stdout, 'data'), exited])
  if (what === 'stay') child.kill('SIGKILL')
  await exited
}

await shoal.shutdown()
await cluster.stop()
finish()
