import { runSeed } from '/work/main/test/sim/run-seed.ts'
try { console.log(runSeed(Number(process.argv[2]))) } catch (e) { console.log(String((e as Error).message).slice(0, 6000)) }
