import type { MachineRun, Operation, Step, StepState } from '../../../src-main/contract/operations.ts'

/** What was kept, and over it what is told live; those that run first, then the newest. */
export function mergeOperations(kept: readonly Operation[], live: readonly Operation[]): Operation[] {
  const byId = new Map(kept.map((operation) => [operation.id, operation]))
  for (const operation of live) byId.set(operation.id, operation)
  const isRunning = ({ state }: Operation) => Number(state === 'running')
  return [...byId.values()].toSorted((one, other) => isRunning(other) - isRunning(one) || other.startedAtMs - one.startedAtMs)
}

export type MachineCounts = Readonly<Record<StepState, number>>

export function countMachines(machines: readonly MachineRun[]): MachineCounts {
  const counts: Record<StepState, number> = { waiting: 0, running: 0, done: 0, skipped: 0, failed: 0, cancelled: 0 }
  for (const { state } of machines) counts[state] += 1
  return counts
}

/** Of all that is to be done, from 0 to 1: what is through, and what stands still as its machine failed. */
export function progressOf(machines: readonly MachineRun[]): {
  readonly done: number
  readonly failed: number
  readonly cancelled: number
} {
  let [done, failed, cancelled] = [0, 0, 0]
  for (const { steps, state } of machines) {
    const part = steps.length === 0 ? Number(isWell(state)) : steps.reduce((sum, step) => sum + partOf(step), 0) / steps.length
    done += part
    if (state === 'failed') failed += 1 - part
    if (state === 'cancelled') cancelled += 1 - part
  }
  const count = Math.max(1, machines.length)
  return { done: done / count, failed: failed / count, cancelled: cancelled / count }
}

function partOf({ state, progress }: Step): number {
  if (isWell(state)) return 1
  return state === 'running' && progress !== null && progress.total > 0 ? Math.min(1, progress.done / progress.total) : 0
}

/** Ids of all steps that any machine has, in the order in which they are done. */
export function stepColumns(machines: readonly MachineRun[]): string[] {
  const columns: string[] = []
  for (const { steps } of machines) {
    let at = 0
    for (const { id } of steps) {
      const known = columns.indexOf(id)
      if (known === -1) columns.splice(at, 0, id)
      at = (known === -1 ? at : known) + 1
    }
  }
  return columns
}

export const isWell = (state: StepState): boolean => state === 'done' || state === 'skipped'

/** The step that counts now: the one that runs, or that it stopped at. */
export function presentStep({ steps }: MachineRun): Step | undefined {
  return steps.find(({ state }) => state === 'running' || state === 'failed') ?? steps.find(({ state }) => state === 'cancelled')
}

/** From its first step to its last; `toMs` null while it goes on. */
export function spanOf({ steps, state }: MachineRun): { readonly fromMs: number | null; readonly toMs: number | null } {
  const begun = steps.flatMap(({ startedAtMs }) => startedAtMs ?? [])
  const ended = steps.flatMap(({ endedAtMs }) => endedAtMs ?? [])
  if (begun.length === 0) return { fromMs: null, toMs: null }
  return { fromMs: Math.min(...begun), toMs: state === 'running' || ended.length === 0 ? null : Math.max(...ended) }
}

export type Shown = 'all' | 'failed' | 'running' | 'waiting' | 'done'

const ofShown: Readonly<Record<Shown, (state: StepState) => boolean>> = {
  all: () => true,
  failed: (state) => state === 'failed' || state === 'cancelled',
  running: (state) => state === 'running',
  waiting: (state) => state === 'waiting',
  done: isWell,
}

/** In their own order while they move; once all is over, those that need somebody come first. */
export function shownMachines({ machines, state }: Operation, shown: Shown): MachineRun[] {
  const chosen = machines.filter((machine) => ofShown[shown](machine.state))
  if (state === 'running') return chosen
  return chosen.toSorted((one, other) => Number(ofShown.failed(other.state)) - Number(ofShown.failed(one.state)))
}

/** Machines that `retry` begins again. */
export const retryable = ({ machines }: Operation): number => machines.filter(({ state }) => ofShown.failed(state)).length

/** The steps of an operation as they are told live, with the commands and logs of when it was read whole. */
export function withLogs(live: MachineRun, whole: MachineRun | undefined): MachineRun {
  if (whole === undefined) return live
  const steps = live.steps.map((step, index) => {
    const read = whole.steps[index]
    return read?.id === step.id ? { ...step, command: read.command, log: read.log } : step
  })
  return { ...live, steps }
}
