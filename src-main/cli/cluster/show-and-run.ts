import type { Flags } from '../../../runtime/cli/command.ts'
import type { Plan } from '../../contract/clusters.ts'
import type { Context } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { followToEnd } from '../operation/follow-operation.ts'
import { confirm, yesFlag } from '../words/confirm.ts'
import { jsonFlag, operationFlags, sshFlags } from '../panel-flags.ts'
import { printJson } from '../words/print.ts'
import { sayMeanwhile } from '../words/say-meanwhile.ts'
import { blockedOf, planText } from './plan-text.ts'

/** Of every command that shows a plan and then carries it out. */
export const plannedFlags = {
  plan: { help: 'only show what would be done' },
  ...yesFlag,
  ...operationFlags,
  ...sshFlags,
  ...jsonFlag,
} as const satisfies Flags

type Planned = {
  readonly plan: (signal: AbortSignal) => Promise<Plan>
  readonly start: () => Promise<{ operationId: string }>
  /** What to ask before. */
  readonly ask: { readonly effect: string; readonly word?: string; readonly isOptional?: boolean }
  /** Said in place of going on when blockers keep some machines out. Undefined: the others go on. */
  readonly refuseBlocked?: string | undefined
}

/** Shows the plan, asks, starts, and follows to the end; resolves with the exit code. */
export async function showAndRun(context: Context, { plan: makePlan, start, ask, refuseBlocked }: Planned): Promise<number> {
  const { terminal, values, interrupts } = context
  const plan = await sayMeanwhile(context, 'Making the plan', () => makePlan(interrupts.signal))
  const { names, whole } = blockedOf(plan)
  const isBlocked = whole || (names.length > 0 && names.length === plan.machines.length)
  if (values.has('plan')) {
    if (terminal.isJson) printJson(terminal, plan)
    else terminal.print(planText(plan, values.has('verbose')))
    return plan.blockers.length > 0 ? exitCodes.failed : exitCodes.ok
  }
  const isRefused = isBlocked || (names.length > 0 && refuseBlocked !== undefined)
  if (!terminal.isJson) terminal.print(planText(plan, values.has('verbose')))
  else if (isRefused) printJson(terminal, plan)
  if (isRefused) {
    terminal.warn(
      `shoal: nothing was started${isBlocked ? '; what stands in the way must go first' : `: ${names.join(', ')} cannot take part. ${refuseBlocked}`}`,
    )
    return exitCodes.failed
  }
  const leftOut = names.length > 0 ? ` Left out: ${names.join(', ')}.` : ''
  if (!(await confirm(context, { ...ask, effect: ask.effect + leftOut }))) {
    terminal.warn('Nothing was started.')
    return interrupts.hasInterrupted ? exitCodes.interrupted : exitCodes.failed
  }
  const { operationId } = await start()
  return followToEnd(context, operationId)
}
