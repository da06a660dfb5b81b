import type { Machine } from '../../../src-main/contract/machines.ts'

/** Which machines are asked for: of a group with all within it ('' is of none), and with every one of the tags. */
export type Asked = { readonly group: string | undefined; readonly tags: readonly string[] }
type Counted = { readonly name: string; readonly count: number }

/** Empty parts of a path, such as the one behind a last slash, make no group. */
const partsOf = (path: string): readonly string[] =>
  path
    .split('/')
    .map((part) => part.trim())
    .filter((part) => part !== '')

/** `lab`, `lab/gpu` of `lab/gpu`. */
function withOuter(path: string): readonly string[] {
  const parts = partsOf(path)
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'))
}

const isOfNone = ({ groups }: Machine): boolean => groups.every((path) => partsOf(path).length === 0)

export function isAsked(machine: Machine, { group, tags }: Asked): boolean {
  const isInGroup =
    group === undefined || (group === '' ? isOfNone(machine) : machine.groups.some((path) => withOuter(path).includes(group)))
  return isInGroup && tags.every((tag) => machine.tags.includes(tag))
}

type GroupLevel = {
  /** The group that is open and those around it, the outermost first. */
  readonly open: readonly Counted[]
  /** The groups within it. */
  readonly inner: readonly Counted[]
  /** Machines of no group at all. */
  readonly ofNone: number
}

/** What can be chosen where one stands among the groups. A machine counts once, however often it is named. */
export function groupLevel(machines: readonly Machine[], group: string | undefined): GroupLevel {
  const counts = new Map<string, number>()
  for (const { groups } of machines) {
    for (const path of new Set(groups.flatMap(withOuter))) counts.set(path, (counts.get(path) ?? 0) + 1)
  }
  const outer = group === undefined || group === '' ? [] : withOuter(group)
  const depth = outer.length + 1
  const prefix = outer.length === 0 ? '' : `${outer.at(-1)}/`
  const inner = [...counts.keys()].filter((path) => path.startsWith(prefix) && partsOf(path).length === depth)
  return {
    open: outer.map((name) => ({ name, count: counts.get(name) ?? 0 })),
    inner: inOrder(inner).map((name) => ({ name, count: counts.get(name) ?? 0 })),
    ofNone: machines.filter(isOfNone).length,
  }
}

/** The most used first. */
export function tagCounts(machines: readonly Machine[]): readonly Counted[] {
  const counts = new Map<string, number>()
  for (const { tags } of machines) for (const tag of new Set(tags)) counts.set(tag, (counts.get(tag) ?? 0) + 1)
  return inOrder([...counts.keys()])
    .map((name) => ({ name, count: counts.get(name) ?? 0 }))
    .toSorted((one, other) => other.count - one.count)
}

/** The last part of a path, which is how a group is called where its outer ones stand beside it. */
export const lastPart = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

const inOrder = (names: readonly string[]): string[] => {
  const order = new Intl.Collator(undefined, { numeric: true })
  return [...names].sort((one, other) => order.compare(one, other))
}
