import { ClusterError } from '../../../runtime/base/errors.ts'
import { type FlagValues, type Flags, UsageError } from '../../../runtime/cli/command.ts'
import { nearMissHint } from '../../../runtime/cli/near-miss.ts'
import type { Machine } from '../../contract/machines.ts'
import { isLike } from '../words/is-like.ts'
import { listFrom } from '../words/lists.ts'

export const selectionFlags = {
  all: { help: 'every machine' },
  group: { value: 'NAME', help: 'the machines of this group and of the groups below it; several with commas' },
  tag: { value: 'NAME', help: 'the machines with this tag; several with commas' },
} as const satisfies Flags

/** Which machines were meant: names and patterns such as `gpu*`, or flags. */
export type Selection = {
  readonly names: readonly string[]
  readonly groups: readonly string[]
  readonly tags: readonly string[]
  readonly isAll: boolean
}

/** `hasAll`: the command has the flag --all. */
export const selectionFrom = (values: FlagValues, names: readonly string[], hasAll = true): Selection => ({
  names,
  groups: listFrom('--group', values.find('group')) ?? [],
  tags: listFrom('--tag', values.find('tag')) ?? [],
  isAll: hasAll && values.has('all'),
})

export const isEmpty = ({ names, groups, tags, isAll }: Selection): boolean => names.length + groups.length + tags.length === 0 && !isAll

/** @throws UsageError when nothing was named */
export function requireSelection(command: string, selection: Selection): Selection {
  if (isEmpty(selection)) throw new UsageError(`${command} needs machines: their names, --group, --tag or --all`)
  if (selection.isAll && selection.names.length > 0) throw new UsageError(`${command} takes names or --all, not both`)
  return selection
}

/**
 * The machines that were meant, each once, in the order of the inventory for flags and of the words for names. `where` ends what is said of one that is missing, as ` in lab`.
 * @throws ClusterError `machine.not-found` naming what matches none, with what may have been meant
 */
export function selectMachines(machines: readonly Machine[], { names, groups, tags, isAll }: Selection, where = ''): Machine[] {
  const chosen = new Map<string, Machine>()
  const take = (found: readonly Machine[]) => found.forEach((machine) => chosen.set(machine.id, machine))
  for (const name of names) take(named(machines, name, where))
  const isWanted = (machine: Machine): boolean =>
    (groups.length === 0 || groups.some((group) => isInGroup(machine, group))) &&
    (tags.length === 0 || tags.some((tag) => machine.tags.includes(tag)))
  if (groups.length + tags.length > 0) {
    const found = machines.filter(isWanted)
    if (found.length === 0) throw noneOf(machines, groups, tags)
    take(found)
  }
  if (isAll && groups.length + tags.length === 0) {
    if (machines.length === 0)
      throw new ClusterError('machine.not-found', 'there are no machines yet; add some: shoal machine add user@host')
    take(machines)
  }
  return [...chosen.values()]
}

/** The one machine of that name. @throws ClusterError `machine.not-found` */
export function getMachine(machines: readonly Machine[], name: string): Machine {
  const [machine, ...more] = named(machines, name, '')
  if (machine && more.length === 0) return machine
  throw new ClusterError('bad-argument', `${name} stands for ${more.length + 1} machines, and one is wanted`)
}

function named(machines: readonly Machine[], name: string, where: string): Machine[] {
  const found = machines.filter((machine) => machine.id === name || isLike(machine.name, name))
  if (found.length > 0) return found
  const hint = nearMissHint(
    name,
    machines.map((machine) => machine.name),
  )
  const next = machines.length === 0 ? '; add it first: shoal machine add user@host' : hint || '; see shoal machine list'
  throw new ClusterError('machine.not-found', `there is no machine ${name.includes('*') ? 'like ' : ''}${name}${where}${next}`)
}

/** `lab` holds `lab/gpu` too. */
export const isInGroup = ({ groups }: Pick<Machine, 'groups'>, group: string): boolean =>
  groups.some((each) => each === group || each.startsWith(`${group}/`))

function noneOf(machines: readonly Machine[], groups: readonly string[], tags: readonly string[]): ClusterError {
  const known = groups.length > 0 ? machines.flatMap((machine) => machine.groups) : machines.flatMap((machine) => machine.tags)
  const wanted = [...groups.map((group) => `in group ${group}`), ...tags.map((tag) => `with tag ${tag}`)].join(' ')
  return new ClusterError(
    'machine.not-found',
    `there is no machine ${wanted}${nearMissHint([...groups, ...tags][0] ?? '', [...new Set(known)])}`,
  )
}
