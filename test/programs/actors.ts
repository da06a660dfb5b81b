import assert from 'node:assert/strict'
import * as shoal from 'shoal'
import { check, finish, ownCluster, rejection, until } from '../support/checks.ts'

await shoal.init(ownCluster({ numCpus: 2, resources: { slot: 4 } }))

class Counter {
  #n = 0
  add(k: number): number {
    this.#n += k
    return this.#n
  }
  get value(): number {
    return this.#n
  }
  read(): number {
    return this.value
  }
}
const CounterActor = shoal.actor(Counter, { numCpus: 0 })

await check('an actor keeps its state between calls', async () => {
  const counter = CounterActor.remote()
  await shoal.get(counter.add.remote(2))
  assert.equal(await shoal.get(counter.add.remote(3)), 5)
})

await check('private fields, getters and static members work inside an actor', async () => {
  class Account {
    static fee = 1
    static charge(amount: number): number {
      return amount - Account.fee
    }
    #balance = 10
    get balance(): number {
      return this.#balance
    }
    #check(amount: number): void {
      if (amount > this.#balance) throw new RangeError(`only ${this.#balance} there`)
    }
    take(amount: number): number {
      this.#check(amount)
      this.#balance -= amount
      return Account.charge(this.balance)
    }
  }
  const account = shoal.actor(Account).remote()
  assert.equal(await shoal.get(account.take.remote(4)), 5)
  assert((await rejection(shoal.get(account.take.remote(40)))) instanceof RangeError)
})

await check('inherited methods can be called, and overridden ones call their parent', async () => {
  class Base {
    readonly log: string[] = []
    who(): string {
      return 'base'
    }
    both(): string[] {
      return [...this.log, this.who()]
    }
  }
  class Derived extends Base {
    constructor() {
      super()
      this.log.push('made')
    }
    override who(): string {
      return `derived of ${super.who()}`
    }
  }
  const derived = shoal.actor(Derived).remote()
  assert.deepEqual(await shoal.get(derived.both.remote()), ['made', 'derived of base'])
})

await check('constructor arguments may be refs, also of slow tasks', async () => {
  const slow = shoal.remote(async (value: string) => {
    await new Promise((resolve) => setTimeout(resolve, 100))
    return value
  })
  class Greeter {
    readonly words: readonly string[]
    constructor(...words: string[]) {
      this.words = words
    }
    greet(): string {
      return this.words.join(' ')
    }
  }
  const greeter = shoal.actor(Greeter).remote(await shoal.put('hello'), slow.remote('slow'), 'world')
  assert.equal(await shoal.get(greeter.greet.remote()), 'hello slow world')
})

await check('calls of one caller run in the order they were made', async () => {
  class Log {
    readonly seen: number[] = []
    note(k: number): void {
      this.seen.push(k)
    }
    all(): number[] {
      return this.seen
    }
  }
  const log = shoal.actor(Log).remote()
  const expected = Array.from({ length: 2_000 }, (_, i) => i)
  for (const i of expected) log.note.remote(i)
  assert.deepEqual(await shoal.get(log.all.remote()), expected)
})

await check('a call whose argument is not there yet holds back those behind it', async () => {
  class Log {
    readonly seen: string[] = []
    note(what: string): void {
      this.seen.push(what)
    }
    all(): string[] {
      return this.seen
    }
  }
  const slow = shoal.remote(async (what: string) => {
    await new Promise((resolve) => setTimeout(resolve, 150))
    return what
  })
  const log = shoal.actor(Log).remote()
  log.note.remote('first')
  log.note.remote(slow.remote('second, slow'))
  log.note.remote('third')
  assert.deepEqual(await shoal.get(log.all.remote()), ['first', 'second, slow', 'third'])
})

await check('a failed argument fails its call and lets the next ones run', async () => {
  const fail = shoal.remote((): number => {
    throw new TypeError('no number')
  })
  const counter = CounterActor.remote()
  const bad = counter.add.remote(fail.remote())
  const good = counter.add.remote(1)
  assert((await rejection(shoal.get(bad))) instanceof TypeError)
  assert.equal(await shoal.get(good), 1)
})

await check('many callers share one actor, each in its own order', async () => {
  class Log {
    readonly seen = new Map<number, number[]>()
    note(caller: number, k: number): void {
      const list = this.seen.get(caller) ?? []
      list.push(k)
      this.seen.set(caller, list)
    }
    all(): number[][] {
      return [...this.seen.values()]
    }
  }
  const log = shoal.actor(Log, { numCpus: 0 }).remote()
  const caller = shoal.remote(async (handle: shoal.ActorHandle<Log>, id: number) => {
    const refs = []
    for (let k = 0; k < 200; k += 1) refs.push(handle.note.remote(id, k))
    await shoal.get(refs)
  })
  await shoal.get([0, 1, 2, 3].map((id) => caller.remote(log, id)))
  const lists = await shoal.get(log.all.remote())
  assert.equal(lists.length, 4)
  for (const list of lists)
    assert.deepEqual(
      list,
      Array.from({ length: 200 }, (_, k) => k),
    )
})

await check('a method that throws fails its call only', async () => {
  class Half {
    run(odd: boolean): number {
      if (odd) throw new SyntaxError('odd')
      return 2
    }
  }
  const half = shoal.actor(Half).remote()
  const error = await rejection(shoal.get(half.run.remote(true)))
  assert(error instanceof shoal.TaskError)
  assert(error instanceof SyntaxError)
  assert.equal(await shoal.get(half.run.remote(false)), 2)
})

await check('results above the inline limit come through the store', async () => {
  class Maker {
    make(n: number): Float64Array {
      return new Float64Array(n).fill(7)
    }
    text(n: number): string {
      return 'x'.repeat(n)
    }
  }
  const maker = shoal.actor(Maker).remote()
  const array = await shoal.get(maker.make.remote(100_000))
  assert.equal(array.length, 100_000)
  assert.equal(array[99_999], 7)
  assert.equal((await shoal.get(maker.text.remote(300_000))).length, 300_000)
})

await check('a method gives several refs when the options say so, for all calls or for one', async () => {
  class Split {
    two(): [string, number] {
      return ['a', 1]
    }
  }
  const split = shoal.actor(Split, { methods: { two: { numReturns: 2 } } }).remote()
  const [a, b] = split.two.remote() as unknown as [shoal.ObjectRef<string>, shoal.ObjectRef<number>] // two, as the options say
  assert.deepEqual(await shoal.get([a, b]), ['a', 1])
  const plain = shoal.actor(Split).remote()
  const [c, d] = plain.two.options({ numReturns: 2 }).remote()
  assert.deepEqual([await shoal.get(c), await shoal.get(d)], ['a', 1])
})

await check('a generator method streams', async () => {
  class Streamer {
    *count(n: number): Generator<number> {
      for (let i = 0; i < n; i += 1) yield i
    }
    async *slowly(n: number): AsyncGenerator<string> {
      for (let i = 0; i < n; i += 1) {
        await new Promise((resolve) => setTimeout(resolve, 1))
        yield `item ${i}`
      }
      throw new RangeError('no more')
    }
  }
  const streamer = shoal.actor(Streamer).remote()
  const items: number[] = []
  for await (const ref of streamer.count.remote(5)) items.push(await shoal.get(ref))
  assert.deepEqual(items, [0, 1, 2, 3, 4])
  const texts: string[] = []
  const error = await rejection(
    (async () => {
      for await (const ref of streamer.slowly.remote(2)) texts.push(await shoal.get(ref))
    })(),
  )
  assert.deepEqual(texts, ['item 0', 'item 1'])
  assert(error instanceof RangeError)
})

await check('an actor makes actors and tasks', async () => {
  const square = shoal.remote((x: number) => x * x)
  class Parent {
    readonly child = CounterActor.remote()
    async run(n: number): Promise<number> {
      const squares = await shoal.get(Array.from({ length: n }, (_, i) => square.remote(i)))
      for (const each of squares) this.child.add.remote(each)
      return shoal.get(this.child.read.remote())
    }
  }
  const parent = shoal.actor(Parent).remote()
  assert.equal(await shoal.get(parent.run.remote(4)), 14)
})

await check('a handle made in a task and returned works in the driver', async () => {
  const make = shoal.remote(async (start: number) => {
    const counter = CounterActor.remote()
    await shoal.get(counter.add.remote(start))
    return [counter, CounterActor.remote()] as const
  })
  const [counter, unborn] = await shoal.get(make.remote(40))
  assert.equal(await shoal.get(counter.add.remote(2)), 42)
  assert.equal(await shoal.get(unborn.add.remote(2)), 2)
})

await check('handles work from tasks and from other actors', async () => {
  const counter = CounterActor.remote()
  const addFrom = shoal.remote((handle: shoal.ActorHandle<Counter>, k: number) => shoal.get(handle.add.remote(k)))
  class Friend {
    readonly other: shoal.ActorHandle<Counter>
    constructor(other: shoal.ActorHandle<Counter>) {
      this.other = other
    }
    add(k: number): Promise<number> {
      return shoal.get(this.other.add.remote(k))
    }
  }
  const friend = shoal.actor(Friend).remote(counter)
  assert.equal(await shoal.get(addFrom.remote(counter, 5)), 5)
  assert.equal(await shoal.get(friend.add.remote(2)), 7)
})

await check('an actor knows itself: its id, no restarts, and a task name that says the method', async () => {
  class Self {
    context() {
      const { actorId, restarts, taskName, nodeId } = shoal.runtimeContext()
      return { actorId, restarts, taskName, nodeId }
    }
  }
  const self = shoal.actor(Self).remote()
  const context = await shoal.get(self.context.remote())
  assert.equal(context.actorId, self.actorId)
  assert.equal(context.restarts, 0)
  assert.equal(context.taskName, 'Self.context')
})

await check('an actor without numCpus needs a CPU to start and holds none; with numCpus it holds it for life', async () => {
  const idle = async (cpus: number) => until(`${cpus} CPUs free`, async () => (await shoal.availableResources())['CPU'] === cpus)
  await idle(2)
  const plain = shoal.actor(Counter, { resources: { slot: 1 } }).remote()
  await shoal.get(plain.add.remote(1))
  await until('only the slot is held', async () => {
    const free = await shoal.availableResources()
    return free['CPU'] === 2 && free['slot'] === 3
  })
  const holding = shoal.actor(Counter, { numCpus: 1, resources: { slot: 2 } }).remote()
  await shoal.get(holding.add.remote(1))
  await until('a CPU and the slots are held', async () => {
    const free = await shoal.availableResources()
    return free['CPU'] === 1 && free['slot'] === 1
  })
  await shoal.kill(plain)
  await shoal.kill(holding)
  await until('all came back', async () => {
    const free = await shoal.availableResources()
    return free['CPU'] === 2 && free['slot'] === 4
  })
})

await check('a wrong method name says which there are', async () => {
  const counter = CounterActor.remote() as unknown as Record<string, { remote(): unknown } | undefined> // as a program without types
  assert.equal(counter['subtract'], undefined)
})

await check('20 actors live at once on two CPUs', async () => {
  const actors = Array.from({ length: 20 }, () => CounterActor.remote())
  assert.deepEqual(
    await shoal.get(actors.map((actor, i) => actor.add.remote(i))),
    actors.map((_, i) => i),
  )
  await Promise.all(actors.map((actor) => shoal.kill(actor)))
})

await shoal.shutdown()
finish()
