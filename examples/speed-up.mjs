// How much faster the examples are on all cores of this machine than on one: runs `plain.ts` and `main.ts` of each three times, by turns.
//
//   node examples/speed-up.mjs [EXAMPLE …] [--runs 3]
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

const { values, positionals } = parseArgs({ allowPositionals: true, options: { runs: { type: 'string', default: '3' } } })
const examples = positionals.length > 0 ? positionals : ['monte-carlo', 'hyper-parameter-search', 'word-count']
const commandLine = join(import.meta.dirname, '..', 'scripts', 'shoal.mjs')

/** Seconds, as the program says itself. */
function secondsOf(example, program) {
  const file = join(import.meta.dirname, example, program)
  const text = execFileSync(process.execPath, [commandLine, 'run', file], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
  const seconds = Number(/^took ([\d.]+) s$/m.exec(text)?.[1])
  if (!(seconds > 0)) throw new Error(`${file} did not say what it took:\n${text}`)
  return seconds
}

const median = (numbers) => numbers.toSorted((one, other) => one - other)[Math.floor(numbers.length / 2)]

console.log(`on ${availableParallelism()} cores, median of ${values.runs} runs\n`)
console.log(`${'example'.padEnd(24)}${'plain'.padStart(10)}${'cluster'.padStart(10)}${'speed-up'.padStart(10)}`)
for (const example of examples) {
  const folder = join(import.meta.dirname, example)
  if (existsSync(join(folder, 'package-lock.json')) && !existsSync(join(folder, 'node_modules')))
    execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: folder, stdio: 'ignore' })
  const taken = { plain: [], cluster: [] }
  for (let run = 0; run < Number(values.runs); run += 1) {
    taken.plain.push(secondsOf(example, 'plain.ts'))
    taken.cluster.push(secondsOf(example, 'main.ts'))
  }
  const [plain, cluster] = [median(taken.plain), median(taken.cluster)]
  const cells = [`${plain.toFixed(2)} s`, `${cluster.toFixed(2)} s`, `${(plain / cluster).toFixed(2)} x`]
  console.log(`${example.padEnd(24)}${cells.map((cell) => cell.padStart(10)).join('')}`)
}
