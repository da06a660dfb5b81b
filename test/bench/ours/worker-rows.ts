import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { silentLogger } from '#runtime/base/logger.ts'
import { newNodeId, newWorkerId } from '#runtime/base/ids.ts'
import { WorkerPool } from '#runtime/node/worker-pool.ts'
import { clientRequests, toAgentFromClient } from '#runtime/protocol/clients.ts'
import { makeSessionFolders, sessionLayout } from '#runtime/session/layout.ts'
import { listenUnix } from '#runtime/transport/listen.ts'
import { listDescendants, pssBytesOf } from '../process-tree.ts'
import { scaled, summarize } from '../settings.ts'
import { builtScript, Daemons } from './daemons.ts'
import type { OurRows } from './row-types.ts'

const randomHex = (bytes: number): string => randomBytes(bytes).toString('hex')
const settleMs = 2_000

export const workerRows: OurRows = {
  'worker process ready': { sample: (scale) => withWorkers(scaled(20, scale), ({ readyMs }) => summarize(readyMs).mean) },
  'worker process memory': {
    sample: () =>
      withWorkers(8, async () => {
        await sleep(settleMs)
        const workers = listDescendants(process.pid)
        return pssBytesOf(workers.map(({ pid }) => pid)) / workers.length / 1e6
      }),
  },
}

/** Starts workers one after the other as an agent does, in the place of one; they end with `use`. */
async function withWorkers(count: number, use: (facts: { readyMs: number[] }) => number | Promise<number>): Promise<number> {
  const daemons = new Daemons()
  const layout = sessionLayout(daemons.makeFolder())
  makeSessionFolders(layout)
  const nodeId = newNodeId(randomHex)
  const { tempDir, socketDir, logDir, identityDir } = layout
  const details = { tempDir, socketDir, logDir, identityDir, storeDir: '', agentAddress: '', isHead: true }
  const ready = new Map<string, () => void>()
  const listener = await listenUnix(layout.agentSocket, {
    self: { version: '0', nodeId, clusterId: 'bench', details },
    logger: silentLogger,
    onPeer: (hello, peer) => {
      const link = peer.accept({ incoming: { ...toAgentFromClient, ...clientRequests }, logger: silentLogger, peer: 'worker' })
      link.onMessage((message) => void (message.type === 'client.ready' && ready.get(hello.workerId ?? '')?.()))
    },
  })
  const pool = new WorkerPool({
    layout,
    nodeId,
    logger: silentLogger,
    command: [process.execPath, builtScript('worker')],
    onExit: () => {},
  })
  try {
    const readyMs: number[] = []
    for (let index = 0; index < count; index += 1) readyMs.push(await timeOfStartMs(pool, ready))
    return await use({ readyMs })
  } finally {
    await pool.endAll('the row is measured')
    listener.close()
    await daemons.stop()
  }
}

function timeOfStartMs(pool: WorkerPool, ready: Map<string, () => void>): Promise<number> {
  const workerId = newWorkerId(randomHex)
  return new Promise((resolve) => {
    const startMs = performance.now()
    ready.set(workerId, () => resolve(performance.now() - startMs))
    pool.spawn(workerId)
  })
}
