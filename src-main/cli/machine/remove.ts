import { exitCodes } from '../exit-codes.ts'
import type { PanelSubcommand } from '../noun.ts'
import { jsonFlag } from '../panel-flags.ts'
import { countText, namesText } from '../words/amounts.ts'
import { confirm, yesFlag } from '../words/confirm.ts'
import { printJson } from '../words/print.ts'
import { requireSelection, selectionFlags, selectionFrom, selectMachines } from './select-machines.ts'

/** Of so many and more, somebody is asked. */
const many = 2

export const removeMachines: PanelSubcommand = {
  name: 'remove',
  summary: 'takes machines off the list; nothing is done on them',
  usage: ['shoal machine remove NAME …|--all|--group NAME|--tag NAME [--yes]'],
  flags: { ...selectionFlags, ...yesFlag, ...jsonFlag },
  notes: ['A machine that is part of a cluster leaves that first: shoal cluster remove.'],
  prepare({ values, words }) {
    const selection = requireSelection('machine remove', selectionFrom(values, words))
    return async (context) => {
      const { panel, terminal } = context
      const machines = selectMachines(await panel.call('machines.list', {}), selection)
      const names = machines.map(({ name }) => name)
      const effect = `${countText(names.length, 'machine leaves', 'machines leave')} the list: ${namesText(names)}.`
      if (names.length >= many && !(await confirm(context, { effect }))) {
        terminal.warn('Nothing was removed.')
        return exitCodes.failed
      }
      await panel.call('machines.remove', { machines: machines.map(({ id }) => id) })
      if (terminal.isJson) printJson(terminal, { removed: names })
      else terminal.print(`Removed ${namesText(names, 100)}.`)
      return exitCodes.ok
    }
  },
}
