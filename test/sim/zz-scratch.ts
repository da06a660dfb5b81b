import { runSeed } from '/work/main/test/sim/run-seed.ts'
const [a, b] = process.argv.slice(2).map(Number)
const t = performance.now(); let steps = 0, tasks = 0, fails = 0; const kinds = new Map<string, number[]>()
for (let s = a!; s < b!; s++) { try { const r = runSeed(s); steps += r.steps; tasks += r.tasks } catch (e) { fails++; const m = String((e as Error).message).split('\n')[0]!.replace(/[0-9a-f]{8,}/g, '#').slice(0, 220); const k = kinds.get(m) ?? []; k.push(s); kinds.set(m, k) } }
const ms = performance.now() - t
for (const [m, k] of [...kinds].sort((x, y) => y[1].length - x[1].length).slice(0, 25)) console.log(k.length, k.slice(0, 5).join(','), m)
console.log(`${b! - a!} seeds ${fails} failed ${Math.round(ms)} ms, ${(((b! - a!) / ms) * 1000).toFixed(1)}/s, steps ${steps}, tasks ${tasks}`)
