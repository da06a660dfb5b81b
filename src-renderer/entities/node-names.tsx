import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo } from 'react'
import { useListing } from '../api/entity-pages.ts'
import { textIn } from '../api/rows.ts'

type Names = ReadonlyMap<string, string>
const NodeNamesContext = createContext<Names>(new Map())

const allNodes = { filters: [] } as const
const mostNamed = 2_000

/** Knows the names of the nodes of a cluster, also of those that died, for all that is shown inside. `cluster` is its id. */
export function NodeNames({ cluster, children }: { readonly cluster: string; readonly children: ReactNode }) {
  const { rows, hasMore, loadMore } = useListing(cluster, 'nodes', allNodes)
  const isShort = hasMore && rows.length < mostNamed
  useEffect(() => {
    if (isShort) loadMore()
  }, [isShort, rows.length, loadMore])
  const names = useMemo(
    () => new Map(rows.map((row): [string, string] => [textIn(row, 'node_id') ?? '', textIn(row, 'node_name') ?? ''])),
    [rows],
  )
  return <NodeNamesContext value={names}>{children}</NodeNamesContext>
}

/** The names of the nodes, by their ids; only of those that are known. */
export const useNodeNames = (): Names => useContext(NodeNamesContext)

/** Gives a node of the cluster its name, or the front of its id as long as no name is known. */
export function useNodeLabel(): (nodeId: string) => string {
  const names = useNodeNames()
  return useCallback((nodeId) => names.get(nodeId) || nodeId.slice(0, 8), [names])
}
