// π by throwing darts: many tasks, results taken as they come. Run it with: npm start examples/monte-carlo-pi.ts
import * as shoal from 'shoal'

await shoal.init()

const throwDarts = shoal.remote((count: number, seed: number) => {
  let state = seed
  // xorshift32: small, fast, and the same on every machine
  const random = () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
  let inside = 0
  for (let i = 0; i < count; i += 1) if (random() ** 2 + random() ** 2 < 1) inside += 1
  return inside
})

const tasks = 40
const dartsEach = 250_000
let pending = Array.from({ length: tasks }, (_, index) => throwDarts.remote(dartsEach, 88_675_123 + index * 7_919))
let inside = 0
let thrown = 0
while (pending.length > 0) {
  const split = await shoal.wait(pending)
  pending = split.pending
  for (const count of await shoal.get(split.ready)) inside += count
  thrown += split.ready.length * dartsEach
  if (thrown % (10 * dartsEach) === 0) console.log(`${thrown / 1e6} million darts: π ≈ ${((4 * inside) / thrown).toFixed(3)}`)
}
