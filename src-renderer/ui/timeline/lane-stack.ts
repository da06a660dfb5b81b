import type { Lane } from './lane.ts'
import type { LaneGroup, Layout } from './layout.ts'
import type { TimelineStore } from './timeline-store.ts'

/** One line of the picture: a node's head, or a lane. `top` and `height` are CSS pixels. */
export type Line = {
  readonly kind: 'group' | 'lane'
  /** Of the node, worker or function; with the kind it stays the same as long as the grouping. */
  readonly key: number
  readonly id: string
  readonly label: string
  readonly top: number
  readonly height: number
  readonly rowPx: number
  /** Of a head: all that it stands over. */
  readonly lanes: readonly Lane[]
  /** Of a head. */
  readonly group: LaneGroup | undefined
  readonly isCollapsed: boolean
  /** Within a group. */
  readonly isInner: boolean
}

export const lanePaddingPx = 3
export const overflowPx = 8
const groupPx = 24
const [widePx, narrowPx] = [16, 10]
/** Above so many rows they are drawn narrow. */
const wideRows = 4

type StackParts = { readonly store: TimelineStore; readonly layout: Layout; readonly collapsed: ReadonlySet<number> }

/** Where each line of a layout lies, from top to bottom. */
export class LaneStack {
  lines: readonly Line[] = []
  heightPx = 0
  #made: { readonly layout: Layout; readonly shape: number; readonly key: unknown } | undefined
  #lineOfLane = new Map<number, number>()
  #sortKeys = new Map<string, string>()

  /** Brings it up to date. True when anything moved. */
  follow({ store, layout, collapsed }: StackParts, key: unknown): boolean {
    if (this.#made?.layout === layout && this.#made.shape === layout.shape && this.#made.key === key) return false
    this.#made = { layout, shape: layout.shape, key }
    const lines: Line[] = []
    let top = 0
    const push = (line: Omit<Line, 'top'>) => {
      lines.push({ ...line, top })
      top += line.height
    }
    const pushLanes = (lanes: Iterable<Lane>, isInner: boolean) => {
      for (const line of this.#inOrder([...lanes], (lane) => laneId(store, layout, lane.key), store)) {
        push({ ...lineOf(line.value), key: line.value.key, id: line.id, label: line.label, isInner })
      }
    }
    if (layout.groups.size === 0) pushLanes(layout.lanes.values(), false)
    for (const { value: group, id, label } of this.#inOrder(
      [...layout.groups.values()],
      ({ key: node }) => store.nodes.texts[node] ?? '',
      store,
    )) {
      const isCollapsed = collapsed.has(group.key)
      push({ kind: 'group', key: group.key, id, label, height: groupPx, rowPx: 0, lanes: group.lanes, group, isCollapsed, isInner: false })
      if (!isCollapsed) pushLanes(group.lanes, true)
    }
    this.lines = lines
    this.heightPx = top
    this.#lineOfLane = new Map(lines.flatMap((line, index) => line.lanes.map((lane) => [lane.key, index] as const)))
    return true
  }

  /** Index of the line at this height; the nearest where there is none. */
  indexAt(y: number): number {
    let low = 0
    let high = this.lines.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if ((this.lines[middle]?.top ?? 0) <= y) low = middle
      else high = middle - 1
    }
    return low
  }

  /** The line that shows the lane: its own, or the head of its group where that is collapsed. */
  lineOf(laneKey: number): Line | undefined {
    return this.lines[this.#lineOfLane.get(laneKey) ?? -1]
  }

  /** Lines between two heights. */
  between(fromY: number, toY: number): readonly Line[] {
    return this.lines.length === 0 || toY <= fromY ? [] : this.lines.slice(this.indexAt(fromY), this.indexAt(toY) + 1)
  }

  /** By label, numbers in it by their value. */
  #inOrder<Value>(values: Value[], idOf: (value: Value) => string, store: TimelineStore) {
    const named = values.map((value) => ({ value, id: idOf(value), label: store.labelOf(idOf(value)) }))
    const keyed = named.map((each) => ({ ...each, sortKey: `${this.#sortKeyOf(each.label)}\n${each.id}` }))
    return keyed.sort((one, other) => (one.sortKey < other.sortKey ? -1 : 1))
  }

  #sortKeyOf(label: string): string {
    let key = this.#sortKeys.get(label)
    if (key === undefined) this.#sortKeys.set(label, (key = label.replace(/\d+/g, (digits) => digits.padStart(12, '0'))))
    return key
  }
}

function laneId(store: TimelineStore, { grouping }: Layout, key: number): string {
  const texts = grouping === 'function' ? store.names.texts : grouping === 'node' ? store.nodes.texts : store.workers
  return texts[key] ?? ''
}

function lineOf(lane: Lane) {
  const rowPx = lane.rows.length > wideRows ? narrowPx : widePx
  const height = 2 * lanePaddingPx + Math.max(1, lane.rows.length) * rowPx + (lane.overflow.count > 0 ? overflowPx : 0)
  return { kind: 'lane' as const, height, rowPx, lanes: [lane], group: undefined, isCollapsed: false }
}
