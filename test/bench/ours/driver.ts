import { once } from 'node:events'
import { createInterface } from 'node:readline'
import * as shoal from 'shoal'
import type { Answer, Ready, Request } from '../settings.ts'
import { rowsAlone, rowsInCluster } from './all-rows.ts'
import { measureRow } from './measure.ts'

// Our side of the benchmark: a child of run.ts that serves one row after another, as ray_rows.py does for Ray.
// `--init-probe`: only starts a cluster, says how long that took, and waits. `--without-cluster`: for rows that bring their own processes.

const say = (message: Ready | Answer | { checkpoint: true }) => void process.stdout.write(`${JSON.stringify(message)}\n`)

process.once('SIGINT', () => void shoal.shutdown().finally(() => process.exit(130))) // the run is broken off
const isAlone = process.argv.includes('--without-cluster')
const startMs = performance.now()
if (!isAlone) await shoal.init({ numCpus: 2, resources: { custom: 100 } })
say({ ready: true, version: process.versions.node, startS: (performance.now() - startMs) / 1_000 })
await (process.argv.includes('--init-probe') ? once(process.stdin.resume(), 'end') : serve())
if (!isAlone) await shoal.shutdown()
process.exit(0)

async function serve(): Promise<void> {
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
  const pause = async () => {
    say({ checkpoint: true })
    if ((await lines.next()).done) throw new Error('the run was broken off')
  }
  for (let line = await lines.next(); !line.done; line = await lines.next()) {
    const { row, settings } = JSON.parse(line.value) as Request // of run.ts
    try {
      const measured = (isAlone ? rowsAlone : rowsInCluster)[row]
      if (!measured) throw new Error(`there is no code for the row ${row}`)
      say(await measureRow(measured, settings, pause))
    } catch (error) {
      say({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
    }
  }
}
