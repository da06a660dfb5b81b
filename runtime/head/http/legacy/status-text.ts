import type { LoadReport } from './load-report.ts'

type Amounts = Readonly<Record<string, number>>

/** The report as `ray status` prints it, and as the Overview page of Ray's dashboard shows it. */
export function statusText({ time, autoscaler_report: nodes, load_metrics_report: load }: LoadReport): string {
  const header = `======== Autoscaler status: ${new Date(time * 1_000).toISOString().replace('T', ' ').replace('Z', '')} ========`
  const rule = '-'.repeat(header.length)
  const demand = [
    ...load.resource_demand.map(([resources, count]) => ` ${amountsText(resources)}: ${count}+ pending tasks/actors`),
    ...load.pg_demand.map(([{ strategy, bundles }, count]) => {
      const shapes = bundles.map(([resources, each]) => `${amountsText(resources)} * ${each}`).join(', ')
      return ` ${shapes} (${strategy}): ${count}+ pending placement groups`
    }),
  ]
  const failed = nodes.failed_nodes.map(([ip, type]) => ` ${type}: NodeTerminated (ip: ${ip})`)
  return [
    ...[header, 'Node status', rule, 'Active:'],
    ...orNone(
      Object.entries(nodes.active_nodes).map(([type, count]) => ` ${count} ${type}`),
      'no active nodes',
    ),
    ...['Pending:', ' (no pending nodes)', 'Recent failures:', ...orNone(failed, 'no failures')],
    ...['', 'Resources', rule, 'Total Usage:', ...usageLines(load.usage).map((line) => ` ${line}`)],
    ...['', 'From request_resources:', ' (none)', 'Pending Demands:', ...orNone(demand, 'no resource demands')],
  ].join('\n')
}

const orNone = (lines: readonly string[], none: string): readonly string[] => (lines.length > 0 ? lines : [` (${none})`])

/** `0.0/2.0 CPU`, a line each, by name. Names that are there for scheduling alone are left out. */
export function usageLines(usage: Readonly<Record<string, readonly [number, number]>>): string[] {
  return Object.entries(usage)
    .filter(([name]) => !name.includes('node:'))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, [used, total]]) =>
      name === 'memory' || name === 'object_store_memory'
        ? `${bytesText(used)}/${bytesText(total)} ${name}`
        : `${decimal(used)}/${decimal(total)} ${name}`,
    )
}

/** As Python prints a float. */
const decimal = (amount: number): string => (Number.isInteger(amount) ? `${amount}.0` : String(amount))

const amountsText = (amounts: Amounts): string =>
  `{${Object.entries(amounts)
    .map(([name, amount]) => `'${name}': ${decimal(amount)}`)
    .join(', ')}}`

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

function bytesText(bytes: number): string {
  const power = bytes < 1_024 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10))
  return power === 0 ? `${Math.floor(bytes)}B` : `${(bytes / 1_024 ** power).toFixed(2)}${units[power]}`
}
