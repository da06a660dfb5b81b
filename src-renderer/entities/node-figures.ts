import { useEffect, useMemo } from 'react'
import { useListing } from '../api/entity-pages.ts'
import { useClusterRead } from '../api/cluster-reads.ts'
import { flagIn, isRow, numberIn, recordIn, type Row, rowsIn, textIn } from '../api/rows.ts'
import type { HeatItem, NodeState } from '../ui/charts/heat-map-items.ts'
import { onePerMachine } from './one-per-machine.ts'
import { withoutReplaced } from './without-replaced.ts'

/** The last figures of one node, as parts from 0 to 1 and as amounts; null for what it does not have or has not told. */
export type NodeFigures = {
  readonly cpu: number | null
  readonly memory: number | null
  readonly memoryUsedBytes: number | null
  readonly memoryTotalBytes: number | null
  readonly gpu: number | null
  readonly gpuMemory: number | null
  readonly gpus: readonly Row[]
  readonly objectStore: number | null
  readonly objectStoreUsedBytes: number | null
  readonly objectStoreTotalBytes: number | null
  readonly spilledBytes: number | null
  readonly disk: number | null
  readonly sentBytesPerS: number | null
  readonly receivedBytesPerS: number | null
  readonly processes: readonly Row[]
  readonly atMs: number | null
  /** Of the machine it runs on. */
  readonly bootedAtMs: number | null
}

const part = (used: number | null, total: number | null) => (used === null || total === null || total <= 0 ? null : used / total)

export function figuresOf(row: Row): NodeFigures {
  const cpuPercent = numberIn(recordIn(row, 'cpu'), 'percent')
  const memory = recordIn(row, 'memory')
  const store = recordIn(row, 'store')
  const network = recordIn(row, 'network')
  const gpus = rowsIn(row, 'gpus')
  const [memoryUsedBytes, memoryTotalBytes] = [numberIn(memory, 'usedBytes'), numberIn(memory, 'totalBytes')]
  const [objectStoreUsedBytes, objectStoreTotalBytes] = [numberIn(store, 'usedBytes'), numberIn(store, 'capacityBytes')]
  const disk = rowsIn(row, 'disks').find((each) => flagIn(each, 'isOurs')) ?? {}
  const mean = (values: readonly (number | null)[]) => {
    const known = values.filter((value) => value !== null)
    return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length
  }
  return {
    cpu: cpuPercent === null ? null : cpuPercent / 100,
    memory: part(memoryUsedBytes, memoryTotalBytes),
    memoryUsedBytes,
    memoryTotalBytes,
    gpu: mean(gpus.map((gpu) => numberIn(gpu, 'utilizationPercent')).map((value) => (value === null ? null : value / 100))),
    gpuMemory: mean(gpus.map((gpu) => part(numberIn(gpu, 'memoryUsedBytes'), numberIn(gpu, 'memoryTotalBytes')))),
    gpus,
    objectStore: part(objectStoreUsedBytes, objectStoreTotalBytes),
    objectStoreUsedBytes,
    objectStoreTotalBytes,
    spilledBytes: numberIn(store, 'spilledBytes'),
    disk: part(numberIn(disk, 'usedBytes'), numberIn(disk, 'totalBytes')),
    sentBytesPerS: numberIn(network, 'sentBytesPerS'),
    receivedBytesPerS: numberIn(network, 'receivedBytesPerS'),
    processes: rowsIn(row, 'processes'),
    atMs: numberIn(row, 'atMs'),
    bootedAtMs: numberIn(row, 'bootedAtMs'),
  }
}

/**
 * The last figures of every node that tells some, by its id; looked at every two seconds, as often as nodes tell. Heads of Ray tell of
 * processes only for a node that is named.
 */
export function useNodeFigures(cluster: string, nodeId?: string): ReadonlyMap<string, NodeFigures> {
  const query = nodeId === undefined ? {} : { nodes: nodeId }
  const { data } = useClusterRead(cluster, { route: 'getLatestMetrics', query }, { pollMs: 2_000 })
  return useMemo(() => {
    const rows = data === undefined ? [] : rowsIn(data.body, 'nodes')
    return new Map(rows.filter(isRow).map((row) => [textIn(row, 'nodeId') ?? '', figuresOf(row)]))
  }, [data])
}

/** The last figures of every node, and of one node on each machine, whose figures are those of the whole machine. */
export function useMachineFigures(cluster: string): { readonly nodes: readonly NodeFigures[]; readonly machines: readonly NodeFigures[] } {
  const { rows } = useListing(cluster, 'nodes', allNodes)
  const figures = useNodeFigures(cluster)
  return useMemo(() => {
    const addresses = new Map(rows.map((row) => [textIn(row, 'node_id'), textIn(row, 'node_ip')]))
    const machines = onePerMachine([...figures], ([id, { bootedAtMs, memoryTotalBytes }]) => {
      const address = addresses.get(id) ?? null
      return address === null || bootedAtMs === null ? null : `${address} ${bootedAtMs} ${memoryTotalBytes}`
    })
    return { nodes: [...figures.values()], machines: machines.map(([, each]) => each) }
  }, [rows, figures])
}

export function stateOfNode(row: Row): NodeState {
  if (textIn(row, 'state') === 'DEAD') return 'dead'
  if (flagIn(row, 'is_draining')) return 'draining'
  return row['is_linked'] === false ? 'suspect' : 'alive'
}

const byHeadAndName = (one: HeatItem, other: HeatItem) =>
  Number(other.note !== undefined) - Number(one.note !== undefined) || one.name.localeCompare(other.name, 'en', { numeric: true })
const mostShown = 2_000
const allNodes = { filters: [], isDetailed: true } as const

/** All nodes for a heat-map, with their figures; dead ones are left out where one of their name lives. */
export function useHeatItems(cluster: string): {
  readonly items: readonly HeatItem[]
  readonly isLoading: boolean
  readonly error: unknown
  readonly total: number
} {
  const { rows, counts, isLoading, error, hasMore, loadMore } = useListing(cluster, 'nodes', allNodes)
  const figures = useNodeFigures(cluster)
  const isShort = hasMore && rows.length < mostShown
  useEffect(() => {
    if (isShort) loadMore()
  }, [isShort, rows.length, loadMore])
  const items = useMemo(
    () =>
      withoutReplaced(
        rows.map((row): HeatItem => {
          const id = textIn(row, 'node_id') ?? ''
          const known = figures.get(id)
          const { cpu = null, memory = null, gpu = null, objectStore = null, disk = null } = known ?? {}
          return {
            id,
            name: textIn(row, 'node_name') ?? id,
            state: stateOfNode(row),
            values: { cpu, memory, gpu, objectStore, disk },
            note: flagIn(row, 'is_head_node') ? 'head' : undefined,
          }
        }),
      ).toSorted(byHeadAndName),
    [rows, figures],
  )
  return { items, isLoading, error, total: counts?.total ?? 0 }
}
