import * as shoal from 'shoal'

await shoal.init()
const square = shoal.remote(function square(x: number) {
  return x * x
})
const fail = shoal.remote(function fail(): number {
  throw new RangeError('on purpose')
})
const Counter = shoal.actor(
  class Counter {
    #n = 0
    add(k: number) {
      return (this.#n += k)
    }
  },
)
await shoal.get([1, 2, 3].map((x) => square.remote(x)))
await shoal.get(fail.remote()).catch(() => {})
await shoal.get(Counter.remote().add.remote(2))
await shoal.shutdown()
