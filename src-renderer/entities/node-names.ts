import { useCallback, useMemo } from 'react'
import { useListing } from '../api/entity-pages.ts'
import { textIn } from '../api/rows.ts'

const allNodes = { filters: [] } as const

/** Gives a node of a cluster its name, or the front of its id as long as no name is known. */
export function useNodeNames(cluster: string): (nodeId: string) => string {
  const { rows } = useListing(cluster, 'nodes', allNodes)
  const names = useMemo(() => new Map(rows.map((row) => [textIn(row, 'node_id') ?? '', textIn(row, 'node_name') ?? ''])), [rows])
  return useCallback((nodeId) => names.get(nodeId) ?? nodeId.slice(0, 8), [names])
}
