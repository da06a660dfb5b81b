// Many small tasks in waves: π by throwing darts, with a progress line that is written over and a log in colours. Minutes: node pi.ts 10
import { setTimeout as pause } from 'node:timers/promises'
import * as shoal from 'shoal'

await shoal.init()

const minutes = Number(process.argv[2] ?? 10)
const tasksOfWave = 12
const dartsEach = 2_500_000
const pauseMs = 2_500 // so that all of it takes a third of a core

const throwDarts = shoal.remote(function throwDarts(count: number, seed: number) {
  let state = seed
  let inside = 0
  const random = () => {
    state ^= state << 13 // xorshift32
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
  for (let i = 0; i < count; i += 1) if (random() ** 2 + random() ** 2 < 1) inside += 1
  return inside
})

/** Back to the line's beginning, with what stood there wiped. */
const freshLine = '\r\u001b[K'
const green = (text: string) => `\u001b[32m${text}\u001b[0m`
const dim = (text: string) => `\u001b[2m${text}\u001b[0m`
const startedMs = Date.now()
let inside = 0
let thrown = 0
for (let wave = 1; Date.now() - startedMs < minutes * 60_000; wave += 1) {
  const refs = Array.from({ length: tasksOfWave }, (_, index) =>
    throwDarts.remote(dartsEach, 88_675_123 + (wave * tasksOfWave + index) * 7_919),
  )
  for (const count of await shoal.get(refs)) inside += count
  thrown += tasksOfWave * dartsEach
  const share = Math.min(1, (Date.now() - startedMs) / (minutes * 60_000))
  const bar = '#'.repeat(Math.round(share * 30)).padEnd(30, '.')
  process.stdout.write(`${freshLine}[${bar}] ${Math.round(share * 100)} %, wave ${wave}`)
  if (wave % 10 === 1)
    console.log(`${freshLine}${dim(`${Math.round(thrown / 1e6)} million darts:`)} ${green(`π ≈ ${((4 * inside) / thrown).toFixed(5)}`)}`)
  await pause(pauseMs)
}
console.log(`\nThrew ${Math.round(thrown / 1e6)} million darts: ${green(`π ≈ ${((4 * inside) / thrown).toFixed(6)}`)}`)
