import { createServer } from 'node:net'
import { ClusterError } from '../../runtime/base/errors.ts'

/** Below those that the system hands out by itself, and far from the usual ones of a Shoal or a Ray, which somebody may start here later. */
const firstPort = 23_790
const lastPort = 32_000

/**
 * So many ports of this computer on which nobody listens now, at no address of it.
 * @throws ClusterError `limit.reached`
 */
export async function findFreePorts(count: number): Promise<number[]> {
  const free: number[] = []
  const range = lastPort - firstPort
  const start = Math.floor(Math.random() * range) // two panels that look at the same moment must not find the same ones
  for (let step = 0; step < range && free.length < count; step += 1) {
    const port = firstPort + ((start + step) % range)
    if (await isFree(port)) free.push(port)
  }
  if (free.length === count) return free
  throw new ClusterError(
    'limit.reached',
    `this computer has no ${count} free ports between ${firstPort} and ${lastPort}; end what listens there`,
  )
}

/** At all addresses: one that is taken at any of them is refused. */
function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '0.0.0.0', exclusive: true }, () => server.close(() => resolve(true)))
  })
}
