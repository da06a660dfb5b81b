// Actors that live and talk: counters in a ring pass amounts on to their neighbours, and one falls over now and then and is made anew.
import { setTimeout as pause } from 'node:timers/promises'
import * as shoal from 'shoal'

await shoal.init()

const minutes = Number(process.argv[2] ?? 10)
const names = ['north', 'east', 'south']

class Counter {
  readonly #name: string
  #count = 0
  constructor(name: string) {
    this.#name = name
  }
  /** Keeps one, and gives the rest to the next one. */
  async pass(amount: number, next: shoal.ActorHandle<Counter>): Promise<number> {
    this.#count += 1
    if (amount > 1) next.keep.remote(amount - 1)
    return this.#count
  }
  keep(amount: number): number {
    this.#count += amount
    return this.#count
  }
  /** As a crash would: what it has counted is lost, and the cluster makes it anew. */
  fallOver(): never {
    console.log(`${this.#name} falls over at ${this.#count}`)
    process.exit(1)
  }
}

// Counting takes no CPU to speak of, so they ask for none.
const CounterActor = shoal.actor(Counter, { numCpus: 0, maxRestarts: -1, maxTaskRetries: 3 })
const counters = names.map((name) => CounterActor.options({ name: `counter-${name}` }).remote(name))

const startedMs = Date.now()
for (let round = 1; Date.now() - startedMs < minutes * 60_000; round += 1) {
  const counts = await shoal.get(
    counters.map((counter, index) => counter.pass.remote(1 + (round % 5), counters[(index + 1) % counters.length] ?? counter)),
  )
  if (round % 10 === 1) console.log(`round ${round}: ${names.map((name, index) => `${name} ${counts[index]}`).join(', ')}`)
  if (round % 40 === 20) {
    const south = counters[2]
    await shoal.get(south?.fallOver.remote() ?? []).catch((error: Error) => console.log(`south is made anew: ${error.message}`))
  }
  await pause(1_000)
}
