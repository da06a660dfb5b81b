import type { ClusterStatus, GroupLine, NodeStatus } from './cluster-status.ts'

const listedAtMost = 20
const inBytes = new Set(['memory', 'object_store_memory'])

/** For people, in the order of `ray status`: nodes, resources, what waits. Lists are cut at 20 lines, and say so. */
export function formatStatus(status: ClusterStatus): string {
  const living = status.nodes.filter(({ state }) => state !== 'dead')
  const dead = status.nodes.filter(({ state }) => state === 'dead')
  const groups = status.placementGroups.filter(({ state }) => state !== 'removed')
  return [
    `Cluster ${status.clusterId.slice(0, 8)} at ${status.address || 'this machine only'}, ${status.time}`,
    ...section(`Nodes: ${living.length} alive${dead.length > 0 ? `, ${dead.length} dead` : ''}`, nodeLines(living)),
    ...(dead.length > 0 ? section('Dead nodes', limited(dead.reverse().map((node) => `${nameOf(node)}  ${node.deathReason}`))) : []),
    ...section('Resources (used / total)', resourceLines(status)),
    ...section('Demand', demandLines(status)),
    ...(groups.length > 0 ? section('Placement groups', limited(groups.map(groupText))) : []),
  ].join('\n')
}

const section = (title: string, lines: readonly string[]): string[] => ['', title, ...lines.map((line) => `  ${line}`)]

function limited(lines: readonly string[]): string[] {
  const more = lines.length - listedAtMost
  return more <= 0 ? [...lines] : [...lines.slice(0, listedAtMost), `… and ${more} more; --json lists all`]
}

const nameOf = ({ nodeId, name, hostname }: NodeStatus): string => `${nodeId.slice(0, 8)}  ${name || hostname}`

function nodeLines(nodes: readonly NodeStatus[]): string[] {
  const rows = nodes.map((node) => [
    node.nodeId.slice(0, 8),
    node.name || node.hostname,
    node.address || 'this machine only',
    node.state,
    node.isHead ? 'head' : '',
    ['CPU', 'GPU']
      .flatMap((name) =>
        node.resources[name]
          ? `${amount(name, (node.resources[name] ?? 0) - (node.available[name] ?? 0))}/${amount(name, node.resources[name] ?? 0)} ${name}`
          : [],
      )
      .join(', '),
  ])
  return limited(aligned(rows))
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

/** Names that are there for scheduling alone, such as `node:10.0.0.5`, are left out. */
function resourceLines({ resources }: ClusterStatus): string[] {
  const shown = Object.entries(resources).filter(([name]) => !name.startsWith('node:'))
  return limited(
    shown.map(([name, { used, total, reserved }]) => {
      if (name === 'object_store_memory') return `${amount(name, total)} ${name} in all`
      return `${amount(name, used)}/${amount(name, total)} ${name}${reserved > 0 ? ` (${amount(name, reserved)} reserved in placement groups)` : ''}`
    }),
  )
}

function demandLines({ demand, placementGroups }: ClusterStatus): string[] {
  const lines = demand.tasks.map(({ resources, count, reason }) => `${count} × ${shape(resources)}: ${reason}`)
  if (demand.actors > 0) lines.push(`${demand.actors} ${demand.actors === 1 ? 'actor waits' : 'actors wait'} to be placed`)
  for (const group of placementGroups.filter(({ state }) => state === 'pending' || state === 'rescheduling')) {
    lines.push(`placement group ${group.groupId.slice(0, 8)}: ${group.reason || 'some of its bundles were lost'}`)
  }
  return lines.length === 0 ? ['no task, actor or placement group waits'] : limited(lines)
}

function groupText({ groupId, name, strategy, state, bundles }: GroupLine): string {
  return [groupId.slice(0, 8), ...(name ? [name] : []), state, strategy, bundles.map(({ resources }) => shape(resources)).join(' ')]
    .join('  ')
    .slice(0, 200)
}

const shape = (resources: Readonly<Record<string, number>>): string =>
  `{${Object.entries(resources)
    .map(([name, value]) => `${name}: ${amount(name, value)}`)
    .join(', ')}}`

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

function amount(name: string, value: number): string {
  if (!inBytes.has(name)) return String(Math.round(value * 10_000) / 10_000)
  const power = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(value) / 10))
  return `${Math.round((value / 1_024 ** power) * 10) / 10}${units[power]}`
}
