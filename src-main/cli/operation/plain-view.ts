import type { MachineRun, Operation, Step } from '../../contract/operations.ts'
import { durationText } from '../words/amounts.ts'
import { indented } from '../words/print.ts'
import { hasEnded } from './step-words.ts'

/** Pure: what has ended since `before`, a line for each; with its command and its log where `isVerbose`. */
export function endedLines(before: Operation | undefined, now: Operation, isVerbose: boolean): string[] {
  const old = new Map(before?.machines.map((machine) => [machine.machineId, machine]))
  return now.machines.flatMap((machine) => machineLines(old.get(machine.machineId), machine, isVerbose))
}

function machineLines(before: MachineRun | undefined, now: MachineRun, isVerbose: boolean): string[] {
  const old = new Map(before?.steps.map((step) => [step.id, step]))
  const steps = now.steps.filter((step) => hasEnded(step) && !isSame(old.get(step.id), step))
  const lines = steps.flatMap((step) => [stepLine(now, step), ...(isVerbose ? detailLines(step) : [])])
  if (!hasEnded(now) || before?.state === now.state) return lines
  return [...lines, `${now.name}: ${now.state}${now.failure ? `: ${now.failure.message}` : ''}`]
}

/** A step that is tried again ends at another time. */
const isSame = (before: Step | undefined, now: Step): boolean => before?.state === now.state && before.endedAtMs === now.endedAtMs

function stepLine({ name }: MachineRun, { title, state, startedAtMs, endedAtMs, note }: Step): string {
  const took = startedAtMs !== null && endedAtMs !== null ? ` in ${durationText(endedAtMs - startedAtMs)}` : ''
  return `${name}: ${title}: ${state}${took}${note === null ? '' : `, ${note}`}`
}

const detailLines = ({ command, log }: Step): string[] => [
  ...(command === null ? [] : [indented(command.trimEnd(), '    $ ')]),
  ...(log.trim() === '' ? [] : [indented(log.trimEnd(), '    | ')]),
]
