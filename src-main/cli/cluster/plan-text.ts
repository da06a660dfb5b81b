import { plainText } from '../../../runtime/cli/state/print-rows.ts'
import type { Plan } from '../../contract/clusters.ts'
import { findingLines, findingLinesOfMany } from '../machine/finding-lines.ts'
import { countText, namesText } from '../words/amounts.ts'
import { indented } from '../words/print.ts'

type PlannedMachine = Plan['machines'][number]

/**
 * Pure: what would be done, machines with the same steps together, then what stands in the way. What differs between them, such as paths,
 * is told of the first. `isVerbose`: with commands, and together only what is the same to the letter.
 */
export function planText(plan: Plan, isVerbose: boolean): string {
  const groups = new Map<string, PlannedMachine[]>()
  for (const machine of plan.machines) {
    const key = JSON.stringify([
      machine.role,
      machine.steps.map(({ title, effect, command }) => (isVerbose ? [title, effect, command] : title)),
    ])
    groups.set(key, [...(groups.get(key) ?? []), machine])
  }
  const notable = findingLinesOfMany(plan.machines, { withAll: false })
  return [
    `Plan: ${plan.kind} ${plan.clusterName}, ${countText(plan.machines.length, 'machine')}`,
    ...[...groups.values()].flatMap((machines) => groupLines(machines, isVerbose)),
    ...(plan.notes.length > 0 ? ['', ...plan.notes.map((note) => `Note: ${plainText(note)}`)] : []),
    ...(notable.length > 0 ? ['', ...notable] : []),
    ...blockerLines(plan),
  ].join('\n')
}

function groupLines(machines: readonly PlannedMachine[], isVerbose: boolean): string[] {
  const [first] = machines
  if (!first) return []
  const names = namesText(machines.map(({ name }) => name))
  const role = first.role === 'none' ? '' : `${first.role} `
  return [
    '',
    `${role}${plainText(names)}${isAlike(machines) ? '' : `, told of ${plainText(first.name)}`}`,
    ...first.steps.flatMap(({ title, effect, command }, index) => [
      `  ${String(index + 1).padStart(2)}. ${plainText(title)}${effect === '' ? '' : `: ${plainText(effect)}`}`,
      ...(isVerbose && command !== null ? [indented(command.trimEnd(), '        $ ')] : []),
    ]),
  ]
}

const isAlike = (machines: readonly PlannedMachine[]): boolean =>
  new Set(machines.map(({ steps }) => JSON.stringify(steps.map(({ effect }) => effect)))).size === 1

/** Those of a machine stand with it already. */
function blockerLines({ blockers }: Plan): string[] {
  const ofAll = blockers.filter(({ machineId }) => machineId === null).map(({ finding }) => finding)
  return ofAll.length === 0 ? [] : ['', ...findingLines(ofAll, { withAll: true })]
}

/** Names of the machines that a blocker keeps out; `whole`: something stands in the way of all of it. */
export function blockedOf(plan: Plan): { readonly names: readonly string[]; readonly whole: boolean } {
  const ids = new Set(plan.blockers.map(({ machineId }) => machineId))
  const machines = plan.machines.filter(({ machineId }) => ids.has(machineId))
  return {
    names: machines.map(({ name }) => name),
    whole: ids.has(null) || machines.some(({ role }) => plan.kind === 'create' && role === 'head'),
  }
}
