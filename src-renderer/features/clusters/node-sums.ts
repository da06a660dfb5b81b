import type { Cluster } from '../../../src-main/contract/clusters.ts'
import { numberIn, recordIn, type Row, rowsIn, textIn } from '../../api/rows.ts'
import { onePerMachine } from '../../entities/one-per-machine.ts'

type Share = { readonly used: number; readonly total: number }
/** What all nodes of a cluster have and use together. */
export type NodeSums = {
  readonly alive: number
  readonly total: number
  /** Cores; null before the first figures came. */
  readonly cpu: Share | null
  /** Bytes. */
  readonly memory: Share | null
  /** GPUs; null where there are none. */
  readonly gpu: Share | null
}

/** Nodes that should be there; a head remembers those that left, too. */
export const expectedNodes = ({ members }: Pick<Cluster, 'members'>): number =>
  members
    .filter(({ state }) => state === 'started' || state === 'draining')
    .reduce((sum, { extraNodes = [] }) => sum + 1 + extraNodes.length, 0)

/** Sums over the nodes that live; what several nodes on one machine measured there alike counts once. */
export function nodeSums(summaries: readonly Row[], expected: number): NodeSums {
  const living = summaries.filter((node) => textIn(recordIn(node, 'raylet'), 'state') === 'ALIVE')
  const machines = onePerMachine(living, (node) => {
    const parts = [textIn(node, 'hostname'), textIn(node, 'ip'), textIn(node, 'bootTime')]
    return parts.includes(null) ? null : parts.join(' ')
  })
  const cpu = machines.flatMap((node) => {
    const percent = numberIn(node, 'cpu')
    const cores = numbersIn(node, 'cpus')[0]
    return percent === null || cores === undefined ? [] : [{ used: (percent / 100) * cores, total: cores }]
  })
  const memory = machines.flatMap((node) => {
    const [total, , , used] = numbersIn(node, 'mem')
    return total === undefined || used === undefined ? [] : [{ used, total }]
  })
  const gpu = machines.flatMap((node) =>
    rowsIn(node, 'gpus').map((each) => ({ used: (numberIn(each, 'utilizationGpu') ?? 0) / 100, total: 1 })),
  )
  return { alive: living.length, total: Math.max(expected, living.length), cpu: sumOf(cpu), memory: sumOf(memory), gpu: sumOf(gpu) }
}

function sumOf(shares: readonly Share[]): Share | null {
  if (shares.length === 0) return null
  return shares.reduce((sum, { used, total }) => ({ used: sum.used + used, total: sum.total + total }), { used: 0, total: 0 })
}

function numbersIn(row: Row, name: string): number[] {
  const value = row[name]
  return Array.isArray(value) ? value.filter((each) => typeof each === 'number') : []
}
