import type { Output } from '../../contract/panel.ts'
import { exitCodes } from '../exit-codes.ts'
import type { PanelSubcommand } from '../noun.ts'
import { jsonFlag, sshFlags } from '../panel-flags.ts'
import { countText, sizeText } from '../words/amounts.ts'
import { wordFrom } from '../words/lists.ts'
import { alignedTable, printJson } from '../words/print.ts'
import { sayMeanwhile } from '../words/say-meanwhile.ts'
import { findingLinesOfMany } from './finding-lines.ts'
import { countLevel, gpuText, systemText } from './machine-words.ts'
import { isEmpty, selectionFlags, selectionFrom, selectMachines } from './select-machines.ts'

const roles = ['head', 'worker', 'none'] as const
type Checked = Output<'machines.check'>

export const checkMachines: PanelSubcommand = {
  name: 'check',
  summary: 'looks whether machines are fit, and says what to do where they are not',
  usage: ['shoal machine check [NAME …|--all|--group NAME|--tag NAME]'],
  flags: {
    ...selectionFlags,
    role: { value: 'ROLE', help: `what they are to be: ${roles.join(', ')}; a head needs more. Default: none` },
    'all-findings': { help: 'also what is as it should be' },
    ...sshFlags,
    ...jsonFlag,
  },
  notes: ['Nothing is changed on a machine. Without names every machine is looked at. Exit code: 1 with a blocker.'],
  prepare({ values, words }) {
    const selection = selectionFrom(values, words)
    const role = wordFrom('--role', values.find('role') ?? 'none', roles)
    return async (context) => {
      const { panel, terminal, interrupts } = context
      const machines = selectMachines(await panel.call('machines.list', {}), isEmpty(selection) ? { ...selection, isAll: true } : selection)
      const input = { machines: machines.map(({ id }) => id), role }
      const checked = await sayMeanwhile(context, `Looking at ${countText(machines.length, 'machine')}`, () =>
        panel.call('machines.check', input, { signal: interrupts.signal }),
      )
      if (terminal.isJson) printJson(terminal, checked)
      else terminal.print(checkText(checked, values.has('all-findings')))
      return checked.some(({ findings }) => countLevel(findings, 'blocker') > 0) ? exitCodes.failed : exitCodes.ok
    }
  },
}

/** Pure: a line for each machine, and below them what is not as it should be. */
export function checkText(checked: Checked, withAll: boolean): string {
  const rows = checked.map(({ machine: { name, facts }, findings }) => [
    name,
    ...(['ok', 'warning', 'blocker'] as const).map((level) => String(countLevel(findings, level))),
    facts ? systemText(facts) : '',
    facts ? String(facts.cpus) : '',
    facts ? sizeText(facts.memoryBytes) : '',
    facts ? sizeText(facts.folder.freeBytes) : '',
    facts ? gpuText(facts) : '',
  ])
  const table = alignedTable(['NAME', 'OK', 'WARNINGS', 'BLOCKERS', 'SYSTEM', 'CPUS', 'MEMORY', 'DISK FREE', 'GPUS'], rows)
  const found = findingLinesOfMany(
    checked.map(({ machine: { name }, findings }) => ({ name, findings })),
    { withAll },
  )
  const blocked = checked.filter(({ findings }) => countLevel(findings, 'blocker') > 0).length
  const verdict =
    blocked === 0 ? `${countText(checked.length, 'machine')} fit.` : `${blocked} of ${countText(checked.length, 'machine')} not fit.`
  return [table, ...(found.length > 0 ? ['', ...found] : []), '', verdict].join('\n')
}
