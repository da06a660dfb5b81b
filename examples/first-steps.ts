// Tasks, actors and shared objects on a cluster of this machine. Run it with: npm start
import * as shoal from 'shoal'

await shoal.init()

// A function becomes a task: it runs in another process, and a ref stands for what it will return.
const add = shoal.remote((a: number, b: number) => a + b)
console.log('5 + 10 =', await shoal.get(add.remote(5, 10)))

// Refs go where values go: nothing is fetched here in between.
const multiply = shoal.remote((x: number, y: number) => x * y)
const products = [0, 1, 2, 3, 4].map((i) => multiply.remote(i, i + 1))
console.log('products', await shoal.get(products))
console.log('of a product', await shoal.get(add.remote(multiply.remote(6, 7), 0)))

// A class becomes an actor: one process that keeps state.
const Counter = shoal.actor(
  class Counter {
    #count = 0
    add(amount: number) {
      this.#count += amount
      return this.#count
    }
  },
)
const counter = Counter.remote()
for (const amount of [1, 2, 3]) counter.add.remote(amount)
console.log('counted', await shoal.get(counter.add.remote(4)))

// Large values are stored once on each node and read in place.
const samples = await shoal.put(new Float64Array(1_000_000).fill(0.5))
const sum = shoal.remote((values: Float64Array) => values.reduce((total, value) => total + value, 0))
console.log('sums', await shoal.get([sum.remote(samples), sum.remote(samples)]))

// What a task throws arrives as what was thrown.
const fail = shoal.remote((name: string) => {
  throw new RangeError(`${name} is out of range`)
})
try {
  await shoal.get(fail.remote('x'))
} catch (error) {
  console.log('caught', error instanceof shoal.TaskError && error instanceof RangeError, (error as Error).message)
}

const [node] = await shoal.nodes()
console.log(`ran on ${node?.hostname} with`, await shoal.clusterResources())
await shoal.shutdown()
