// A driver that another program kills: starts one of everything, says so, and never ends by itself.
import * as shoal from 'shoal'

const [address = '', tempDir = '', pids = ''] = process.argv.slice(2)
await shoal.init({ address, tempDir, namespace: 'doomed', onWarning: () => {} })

const Holder = shoal.actor(
  class {
    async start(path: string) {
      const fs = await import('node:fs')
      fs.appendFileSync(path, `${process.pid}\n`)
      return process.pid
    }
  },
)
const busy = shoal.remote(
  async (path: string) => {
    const fs = await import('node:fs')
    fs.appendFileSync(path, `${process.pid}\n`)
    await new Promise(() => {})
  },
  { resources: { here: 1 } },
)
const kept = Holder.options({ name: 'kept', lifetime: 'detached', numCpus: 0 }).remote()
const mortal = Holder.options({ name: 'mortal', numCpus: 0, maxRestarts: -1 }).remote()
await shoal.get([kept.start.remote(`${pids}.kept`), mortal.start.remote(pids)])
busy.remote(pids)
const big = await shoal.put(new Uint8Array(20_000_000))
await shoal.get(big)
process.stdout.write('ready\n')
setInterval(() => void big, 1_000)
