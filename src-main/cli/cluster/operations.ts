import { ClusterError } from '../../../runtime/base/errors.ts'
import { type FlagValues, UsageError } from '../../../runtime/cli/command.ts'
import { nearMissHint } from '../../../runtime/cli/near-miss.ts'
import type { Operation } from '../../contract/operations.ts'
import { exitCodes } from '../exit-codes.ts'
import type { PanelSubcommand } from '../noun.ts'
import { followToEnd } from '../operation/follow-operation.ts'
import { countsText, operationHasEnded } from '../operation/step-words.ts'
import { jsonFlag, operationFlags, sshFlags } from '../panel-flags.ts'
import type { PanelSession } from '../panel-session.ts'
import { durationText } from '../words/amounts.ts'
import { noWords } from '../words/lists.ts'
import { alignedTable, printJson } from '../words/print.ts'

export const listOperations: PanelSubcommand = {
  name: 'operations',
  summary: 'what was done on machines, and what is being done',
  usage: ['shoal cluster operations'],
  flags: jsonFlag,
  prepare({ words }) {
    noWords('cluster operations', words)
    return async ({ panel, terminal }) => {
      const operations = await panel.call('operations.list', {})
      if (terminal.isJson) printJson(terminal, operations)
      else terminal.print(operations.length === 0 ? 'Nothing was done yet.' : operationTable(operations, Date.now()))
      return exitCodes.ok
    }
  },
}

/** Pure. */
export const operationTable = (operations: readonly Operation[], nowMs: number): string =>
  alignedTable(
    ['ID', 'WHAT', 'STATE', 'MACHINES', 'STARTED', 'TOOK'],
    operations.map(({ id, title, state, machines, startedAtMs, endedAtMs }) => [
      id,
      title,
      state,
      countsText(machines),
      `${durationText(nowMs - startedAtMs)} ago`,
      endedAtMs === null ? '' : durationText(endedAtMs - startedAtMs),
    ]),
  )

const following = { ...operationFlags, ...sshFlags, ...jsonFlag }

export const followOneOperation: PanelSubcommand = {
  name: 'follow',
  summary: 'shows an operation until it ends',
  usage: ['shoal cluster follow [OPERATION]'],
  flags: following,
  notes: ['Without an id: the one that runs. Ctrl-C cancels the operation.'],
  prepare({ words }) {
    const [id, more] = words
    if (more !== undefined) throw new UsageError(`cluster follow takes one operation, got ${JSON.stringify(more)} too`)
    return async (context) => followToEnd(context, await operationOf(context.panel, id))
  },
}

export const retryOperation: PanelSubcommand = {
  name: 'retry',
  summary: 'goes on with what failed, was cancelled or broken off',
  usage: ['shoal cluster retry OPERATION [MACHINE]'],
  flags: following,
  prepare(typed) {
    const target = targetFrom('retry', typed)
    return async (context) => {
      const { panel } = context
      await operationOf(panel, target.operationId)
      await panel.call('operations.retry', target)
      return followToEnd(context, target.operationId)
    }
  },
}

export const cancelOperation: PanelSubcommand = {
  name: 'cancel',
  summary: 'cancels an operation, or what it does on one machine',
  usage: ['shoal cluster cancel OPERATION [MACHINE]'],
  flags: jsonFlag,
  prepare(typed) {
    const target = targetFrom('cancel', typed)
    return async ({ panel, terminal }) => {
      await operationOf(panel, target.operationId)
      await panel.call('operations.cancel', target)
      if (terminal.isJson) printJson(terminal, target)
      else
        terminal.print(
          `Cancelling ${target.machine === undefined ? target.operationId : `what ${target.operationId} does on ${target.machine}`}.`,
        )
      return exitCodes.ok
    }
  },
}

function targetFrom(verb: string, { words }: { words: readonly string[]; values: FlagValues }): { operationId: string; machine?: string } {
  const [operationId, machine, more] = words
  if (operationId === undefined) throw new UsageError(`cluster ${verb} needs the id of an operation; see shoal cluster operations`)
  if (more !== undefined) throw new UsageError(`cluster ${verb} takes one operation and one machine, got ${JSON.stringify(more)} too`)
  return { operationId, ...(machine === undefined ? {} : { machine }) }
}

/** Its id, checked; without one that of the operation that runs. */
async function operationOf(panel: PanelSession, id: string | undefined): Promise<string> {
  const operations = await panel.call('operations.list', {})
  if (id !== undefined) {
    if (operations.some((operation) => operation.id === id)) return id
    const ids = operations.map((operation) => operation.id)
    throw new ClusterError('not-found', `there is no operation ${id}${nearMissHint(id, ids) || '; see shoal cluster operations'}`)
  }
  const running = operations.filter((operation) => !operationHasEnded(operation))
  if (running.length === 1 && running[0]) return running[0].id
  const which = running.map((operation) => `${operation.id} (${operation.title})`).join(', ')
  throw new ClusterError(
    'not-found',
    running.length === 0 ? 'no operation runs now; see shoal cluster operations' : `more than one runs: ${which}; name one`,
  )
}
