import { ClusterError } from '../base/errors.ts'
import type { Backend, TraceEvent } from './backend.ts'
import type { ClusterNode, RuntimeContext } from './cluster-types.ts'
import { currentBackend, findBackend, useBackend } from './current-backend.ts'
import { connectDriver, type ConnectOptions } from './client/connect-driver.ts'
import { ObjectRef } from './object-ref.ts'

export type InitOptions = ConnectOptions & {
  /** `'ray'`: what runs the program is a Ray cluster, by way of a Python that has `ray`. @default the variable SHOAL_ENGINE, else `'shoal'` */
  readonly engine?: 'shoal' | 'ray'
  /** With `engine: 'ray'`: that Python. @default the variable SHOAL_RAY_PYTHON, else `python3` */
  readonly rayPython?: string
}

let starting: Promise<void> | undefined

/**
 * Joins a cluster. With `address`, or the variable `SHOAL_ADDRESS`, one that runs; a node of it must run on this machine. Without, a
 * cluster of its own starts on this machine, and ends with this program, however that ends.
 *
 * @throws ClusterError `cluster.not-found` when there is no node of that cluster here, `cluster.start-failed`, `bad-argument`.
 */
export async function init(options: InitOptions = {}): Promise<void> {
  if (findBackend() || starting)
    throw new ClusterError('bad-argument', 'this program has joined a cluster already; call shutdown() first to join another')
  starting = connect(options, (why) => useBackend(undefined, why)).then((backend) => useBackend(backend))
  try {
    await starting
  } finally {
    starting = undefined
  }
}

async function connect(options: InitOptions, onClosed: (why?: string) => void): Promise<Backend> {
  const engine: string = options.engine ?? process.env['SHOAL_ENGINE'] ?? 'shoal'
  if (engine === 'shoal') return connectDriver(options, onClosed)
  if (engine !== 'ray') throw new ClusterError('bad-argument', `engine must be 'shoal' or 'ray', got ${engine}`)
  const { connectRay, isOfThisSdk } = await import('./ray-backend/connect-ray.ts') // most programs need none of it
  if (!isOfThisSdk(ObjectRef)) {
    throw new ClusterError(
      'not-supported',
      'what runs this program loaded it as CommonJS and the part for Ray as an ES module, as tsx does: make the program a module (.mts, or "type": "module" in package.json), or run it by `shoal run`',
    )
  }
  return connectRay(options, onClosed)
}

/** Leaves the cluster; one that this program started ends. Does nothing when there is none. */
export async function shutdown(): Promise<void> {
  await findBackend()?.shutdown()
}

export const isInitialized = (): boolean => findBackend() !== undefined

/** All nodes, dead ones too. */
export const nodes = (): Promise<ClusterNode[]> => currentBackend().nodes()

/** What the living nodes have in all, by resource. */
export const clusterResources = async (): Promise<Record<string, number>> =>
  sum((await nodes()).filter((node) => node.alive).map((node) => node.resources))

/** What of it is free now. */
export const availableResources = async (): Promise<Record<string, number>> =>
  sum((await nodes()).filter((node) => node.alive).map((node) => node.available))

function sum(lists: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const total: Record<string, number> = {}
  for (const list of lists)
    for (const [name, amount] of Object.entries(list)) total[name] = Math.round(((total[name] ?? 0) + amount) * 10_000) / 10_000
  return total
}

/** What ran where and when, as Chrome trace events: save them as JSON and open them in a trace viewer. */
export const timeline = (): Promise<TraceEvent[]> => currentBackend().timeline()

/** Where this code runs: job, node, worker, and the task or actor around it. */
export const runtimeContext = (): RuntimeContext => currentBackend().runtimeContext()
