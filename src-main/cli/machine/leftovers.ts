import type { Leftover } from '../../contract/machines.ts'
import type { Output } from '../../contract/panel.ts'
import { exitCodes } from '../exit-codes.ts'
import type { PanelSubcommand } from '../noun.ts'
import { jsonFlag, sshFlags } from '../panel-flags.ts'
import { countText, durationText, sizeText } from '../words/amounts.ts'
import { confirm, yesFlag } from '../words/confirm.ts'
import { onlyWord } from '../words/lists.ts'
import { alignedTable, printJson } from '../words/print.ts'
import { sayMeanwhile } from '../words/say-meanwhile.ts'

export const leftoversOfMachine: PanelSubcommand = {
  name: 'leftovers',
  summary: 'what earlier runs of ours left on a machine',
  usage: ['shoal machine leftovers NAME'],
  flags: { ...sshFlags, ...jsonFlag },
  prepare({ words }) {
    const machine = onlyWord('machine leftovers', 'the name of a machine', words)
    return async (context) => {
      const { panel, terminal, interrupts } = context
      const leftovers = await sayMeanwhile(context, `Looking at ${machine}`, () =>
        panel.call('machines.leftovers', { machine }, { signal: interrupts.signal }),
      )
      if (terminal.isJson) printJson(terminal, leftovers)
      else terminal.print(leftovers.length === 0 ? `Nothing of ours was left on ${machine}.` : leftoverTable(leftovers, Date.now()))
      return exitCodes.ok
    }
  },
}

export const cleanMachine: PanelSubcommand = {
  name: 'clean',
  summary: 'removes what earlier runs of ours left on a machine',
  usage: ['shoal machine clean NAME [--yes]'],
  flags: { ...yesFlag, ...sshFlags, ...jsonFlag },
  prepare({ words }) {
    const machine = onlyWord('machine clean', 'the name of a machine', words)
    return async (context) => {
      const { panel, terminal, interrupts } = context
      const { signal } = interrupts
      const leftovers = await sayMeanwhile(context, `Looking at ${machine}`, () =>
        panel.call('machines.leftovers', { machine }, { signal }),
      )
      if (leftovers.length === 0) {
        if (terminal.isJson) printJson(terminal, { removed: [], kept: [] })
        else terminal.print(`Nothing of ours was left on ${machine}.`)
        return exitCodes.ok
      }
      if (!terminal.isJson) terminal.print(leftoverTable(leftovers, Date.now()))
      if (!(await confirm(context, { effect: `All of that is removed from ${machine}: ${countText(leftovers.length, 'thing')}.` }))) {
        terminal.warn('Nothing was removed.')
        return exitCodes.failed
      }
      const result = await panel.call('machines.clean', { machine, leftovers }, { signal })
      if (terminal.isJson) printJson(terminal, result)
      else terminal.print(cleanedText(result))
      return result.kept.length > 0 ? exitCodes.failed : exitCodes.ok
    }
  },
}

const leftoverTable = (leftovers: readonly Leftover[], nowMs: number): string =>
  alignedTable(
    ['KIND', 'WHAT', 'SIZE', 'AGE', 'DETAIL'],
    leftovers.map(({ kind, what, detail, sizeBytes, sinceMs }) => [
      kind,
      what,
      sizeText(sizeBytes),
      sinceMs === null ? '' : durationText(nowMs - sinceMs),
      detail,
    ]),
  )

const cleanedText = ({ removed, kept }: Output<'machines.clean'>): string =>
  [
    `Removed ${countText(removed.length, 'thing')}.`,
    ...kept.map(({ leftover, why }) => `Left ${leftover.kind} ${leftover.what}: ${why}`),
  ].join('\n')
