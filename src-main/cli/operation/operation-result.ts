import type { Operation } from '../../contract/operations.ts'
import type { Context } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { durationText } from '../words/amounts.ts'
import { printJson } from '../words/print.ts'
import { countsText } from './step-words.ts'

/** 0 when all of it was done, 130 when we were interrupted and it was cancelled, else 1. */
export function exitCodeOf({ state }: Pick<Operation, 'state'>, wasInterrupted: boolean): number {
  if (state === 'done') return exitCodes.ok
  return wasInterrupted && state === 'cancelled' ? exitCodes.interrupted : exitCodes.failed
}

/** Says how it ended, what failed and what to do; returns the exit code. */
export function reportOperation({ terminal, interrupts }: Context, operation: Operation): number {
  if (terminal.isJson) printJson(terminal, operation)
  else terminal.print(resultText(operation))
  return exitCodeOf(operation, interrupts.hasInterrupted)
}

/** Pure. */
export function resultText(operation: Operation): string {
  const { id, title, state, machines, startedAtMs, endedAtMs, failure } = operation
  const failed = machines.flatMap((machine) => (machine.failure ? [{ ...machine, failure: machine.failure }] : []))
  const known = new Map<string, string[]>() // the same failure on many machines, once
  for (const { name, steps, failure: of } of failed) {
    const step = steps.find((each) => each.state === 'failed')
    const text = `${step ? `${step.title}: ` : ''}${of.message}`
    known.set(text, [...(known.get(text) ?? []), name])
  }
  const took = endedAtMs === null ? '' : ` in ${durationText(endedAtMs - startedAtMs)}`
  return [
    ...[...known].map(([text, names]) => `${names.join(', ')}: ${text}`),
    ...(failure && !failed.some((machine) => machine.failure.message === failure.message) ? [failure.message] : []),
    `${title}: ${state}${took} (${countsText(machines)}).`,
    ...(state === 'done' ? [] : [`To try again what is not done: shoal cluster retry ${id}`]),
  ].join('\n')
}
