import { join } from 'node:path'
import * as shoal from 'shoal'
import { sessionLayout } from '#runtime/session/layout.ts'
import { Daemons } from './daemons.ts'
import type { OurRows } from './row-types.ts'

const sizeBytes = 100_000_000
const warmUps = 2
const timed = 8

const Reader = shoal.actor(
  class Reader {
    /** Milliseconds until the bytes are here and can be read. */
    async timeOfGetMs(list: readonly shoal.ObjectRef<Uint8Array>[]) {
      const [ref] = list // inside a list, so that it comes as a ref
      if (!ref) throw new Error('no ref')
      const startMs = performance.now()
      const value = await shoal.get(ref)
      const tookMs = performance.now() - startMs
      if (value.at(-1) !== 7) throw new Error('other bytes came')
      return tookMs
    }
  },
  { numCpus: 0 },
)

export const twoNodeRows: OurRows = {
  'object to another node, loopback TLS': {
    async sample() {
      const daemons = new Daemons()
      try {
        const folder = daemons.makeFolder()
        const otherId = await startTwoNodes(daemons, folder)
        await shoal.init({ address: 'auto', tempDir: folder })
        return await measureTransfers(otherId)
      } finally {
        await shoal.shutdown()
        await daemons.stop()
      }
    },
  },
}

/** Returns the id of the second. */
async function startTwoNodes(daemons: Daemons, folder: string): Promise<string> {
  const layout = sessionLayout(folder)
  const { address } = await daemons.start('head', folder, ['--listen', '127.0.0.1:0'])
  await daemons.start('agent', folder, ['--head', `unix:${layout.headSocket}`, '--listen', '127.0.0.1:0', '--is-head', '--prefork', '0'])
  const other = daemons.makeFolder()
  const tokenFile = join(layout.headDir, 'join-token')
  const joining = ['--head', String(address), '--listen', '127.0.0.1:0', '--join-token-file', tokenFile, '--prefork', '1']
  const { nodeId } = await daemons.start('agent', other, joining)
  return String(nodeId)
}

/** GB/s over all timed transfers together. */
async function measureTransfers(nodeId: string): Promise<number> {
  const reader = Reader.options({ schedulingStrategy: { nodeId } }).remote()
  const bytes = new Uint8Array(sizeBytes).fill(7)
  let totalMs = 0
  for (let count = 0; count < warmUps + timed; count += 1) {
    const ref = await shoal.put(bytes)
    const tookMs = await shoal.get(reader.timeOfGetMs.remote([ref]))
    if (count >= warmUps) totalMs += tookMs
    ref[Symbol.dispose]()
  }
  return (timed * sizeBytes) / 1e6 / totalMs
}
