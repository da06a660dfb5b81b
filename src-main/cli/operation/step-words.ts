import type { MachineRun, Operation, Step } from '../../contract/operations.ts'
import { durationText, sizeText } from '../words/amounts.ts'

const barWidth = 16

/** `[####....] 12 MiB of 28 MiB`. */
export function progressText({ progress }: Pick<Step, 'progress'>): string {
  if (!progress || progress.total <= 0) return ''
  const { done, total, unit } = progress
  const filled = Math.round(Math.min(1, Math.max(0, done / total)) * barWidth)
  const amount = unit === 'bytes' ? `${sizeText(done)} of ${sizeText(total)}` : `${done} of ${total}`
  return `[${'#'.repeat(filled)}${'.'.repeat(barWidth - filled)}] ${amount}`
}

/** What a machine is busy with, or ended with: the first that runs, else the one that failed. */
export const currentStep = ({ steps }: Pick<MachineRun, 'steps'>): Step | undefined =>
  steps.find(({ state }) => state === 'running') ?? steps.find(({ state }) => state === 'failed')

export const hasEnded = ({ state }: Pick<MachineRun | Step, 'state'>): boolean => state !== 'waiting' && state !== 'running'

export const operationHasEnded = ({ state }: Pick<Operation, 'state'>): boolean => state !== 'running'

/** From the first step to the last, or to now. */
export function elapsedText({ steps }: Pick<MachineRun, 'steps'>, nowMs: number): string {
  const started = steps.flatMap(({ startedAtMs }) => startedAtMs ?? [])
  if (started.length === 0) return ''
  const isRunning = steps.some(({ state }) => state === 'running')
  const ended = isRunning ? nowMs : Math.max(...steps.flatMap(({ endedAtMs }) => endedAtMs ?? []))
  return ended > 0 ? durationText(ended - Math.min(...started)) : ''
}

/** `3 done, 1 failed, 2 running`, of machines. */
export function countsText(machines: readonly Pick<MachineRun, 'state'>[]): string {
  const order = ['done', 'skipped', 'failed', 'cancelled', 'running', 'waiting'] as const
  const counts = order.map((state) => [state, machines.filter((machine) => machine.state === state).length] as const)
  return counts.flatMap(([state, count]) => (count > 0 ? `${count} ${state}` : [])).join(', ')
}
