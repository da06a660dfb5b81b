import type { GroupSize } from './heat-map-layout.ts'

export const nodeFigures = ['cpu', 'memory', 'gpu', 'objectStore', 'disk'] as const
export type NodeFigure = (typeof nodeFigures)[number]
/** The figures a heat-map can show. */
export type HeatMetric = Exclude<NodeFigure, 'disk'>
export type NodeState = 'alive' | 'draining' | 'dead' | 'suspect'

export type HeatItem = {
  readonly id: string
  readonly name: string
  readonly group?: string | undefined
  readonly state: NodeState
  /** Each from 0 to 1; null or left out where there is none. */
  readonly values: Readonly<Partial<Record<NodeFigure, number | null>>>
  readonly note?: string | undefined
}

/** Memory and object store hurt when they are full; a busy processor is what it is for. */
export const isNearlyFull = ({ values }: HeatItem): boolean => (values.memory ?? 0) > 0.95 || (values.objectStore ?? 0) > 0.95

export type Grouped = { readonly items: readonly HeatItem[]; readonly groups: readonly GroupSize[] }

/** Groups by their names, with numbers in their order and what has no group last; the items of each stay in the order given. */
export function groupItems(items: readonly HeatItem[]): Grouped {
  const byLabel = new Map<string | undefined, HeatItem[]>()
  for (const item of items) {
    const members = byLabel.get(item.group)
    if (members) members.push(item)
    else byLabel.set(item.group, [item])
  }
  const sorted = [...byLabel].sort(([one], [other]) =>
    one === undefined ? 1 : other === undefined ? -1 : one.localeCompare(other, 'en', { numeric: true }),
  )
  return { items: sorted.flatMap(([, members]) => members), groups: sorted.map(([label, members]) => ({ label, count: members.length })) }
}
