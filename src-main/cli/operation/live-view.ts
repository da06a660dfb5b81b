import type { MachineRun, Operation } from '../../contract/operations.ts'
import { durationText } from '../words/amounts.ts'
import { countsText, currentStep, elapsedText, progressText } from './step-words.ts'

/** Who shows first where not all have room: what happens now, then what went wrong, what waits, what is over. */
const rank = { running: 0, failed: 1, cancelled: 2, waiting: 3, done: 4, skipped: 5 } as const
const widestName = 24

/** Pure: the lines of a running operation, for a terminal of so many rows. */
export function operationLines(operation: Operation, { nowMs, rows }: { nowMs: number; rows: number }): string[] {
  const { title, machines, startedAtMs, endedAtMs } = operation
  const heading = `${title}: ${countsText(machines)}  ${durationText((endedAtMs ?? nowMs) - startedAtMs)}`
  const room = Math.max(1, rows - 3)
  const shown = machines.length <= room ? machines : pick(machines, room)
  const width = Math.min(widestName, Math.max(0, ...shown.map(({ name }) => name.length)))
  const rest = machines.filter((machine) => !shown.includes(machine))
  return [
    heading,
    ...shown.map((machine) => machineLine(machine, { nowMs, width })),
    ...(rest.length > 0 ? [`  … and ${rest.length} more: ${countsText(rest)}`] : []),
  ]
}

/** Those that matter most, in the order that they always stand in: lines do not jump about. */
function pick(machines: readonly MachineRun[], room: number): MachineRun[] {
  const chosen = new Set([...machines].sort((one, other) => rank[one.state] - rank[other.state]).slice(0, room))
  return machines.filter((machine) => chosen.has(machine))
}

function machineLine(machine: MachineRun, { nowMs, width }: { nowMs: number; width: number }): string {
  const { name, role, state, steps } = machine
  const step = currentStep(machine)
  const ended = steps.filter((each) => each.state === 'done' || each.state === 'skipped').length
  const what = step ? `${step.title}${state === 'failed' ? ' failed' : ''}` : state
  const parts = [
    `  ${name.length > width ? `${name.slice(0, width - 1)}…` : name.padEnd(width)}`,
    (role === 'none' ? '' : role).padEnd(6),
    `${ended}/${steps.length}`.padStart(5),
    what.padEnd(24),
    step ? progressText(step) : '',
    elapsedText(machine, nowMs),
  ]
  return parts.join('  ').trimEnd()
}
