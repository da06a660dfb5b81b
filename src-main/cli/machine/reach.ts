import { plainText } from '../../../runtime/cli/state/print-rows.ts'
import { UsageError } from '../../../runtime/cli/command.ts'
import { parseKnownPort } from '../../../runtime/cli/values.ts'
import type { Machine } from '../../contract/machines.ts'
import type { Output } from '../../contract/panel.ts'
import { exitCodes } from '../exit-codes.ts'
import type { PanelSubcommand } from '../noun.ts'
import { jsonFlag, sshFlags } from '../panel-flags.ts'
import { countText, namesText } from '../words/amounts.ts'
import { alignedTable, printJson } from '../words/print.ts'
import { sayMeanwhile } from '../words/say-meanwhile.ts'
import { isEmpty, selectionFlags, selectionFrom, selectMachines } from './select-machines.ts'

type Cells = Output<'machines.reachability'>
const sign = { open: 'open', refused: 'refused', blocked: 'BLOCKED', 'not-tested': '?' } as const
/** More machines than that make a table that no terminal holds: then only what is not open is listed. */
const widestMatrix = 16

export const reachOfMachines: PanelSubcommand = {
  name: 'reach',
  summary: 'who reaches whom on a port',
  usage: ['shoal machine reach [NAME …|--all|--group NAME|--tag NAME] [--port N]'],
  flags: { ...selectionFlags, port: { value: 'N', help: 'to try. Default: that of nodes, 6380' }, ...sshFlags, ...jsonFlag },
  notes: ['Exit code: 1 when a way is blocked.'],
  prepare({ values, words }) {
    const selection = selectionFrom(values, words)
    const port = values.find('port')
    const tried = port === undefined ? {} : { port: parseKnownPort('--port', port) }
    return async (context) => {
      const { panel, terminal, interrupts } = context
      const machines = selectMachines(await panel.call('machines.list', {}), isEmpty(selection) ? { ...selection, isAll: true } : selection)
      if (machines.length < 2) throw new UsageError('machine reach needs two machines or more')
      const input = { machines: machines.map(({ id }) => id), ...tried }
      const cells = await sayMeanwhile(context, `Trying ${countText(machines.length * (machines.length - 1), 'way')}`, () =>
        panel.call('machines.reachability', input, { signal: interrupts.signal }),
      )
      if (terminal.isJson) printJson(terminal, cells)
      else terminal.print(reachText(cells, machines))
      return cells.some(({ verdict }) => verdict === 'blocked') ? exitCodes.failed : exitCodes.ok
    }
  },
}

/** Pure: a matrix of those from (rows) and to (columns), then each way that is not open with what was seen. */
export function reachText(cells: Cells, machines: readonly Pick<Machine, 'id' | 'name'>[]): string {
  const nameOf = (id: string) => machines.find((machine) => machine.id === id)?.name ?? id
  const verdicts = new Map(cells.map((cell) => [`${cell.from} ${cell.to}`, cell.verdict]))
  const matrix = () =>
    alignedTable(
      ['FROM \\ TO', ...machines.map(({ name }) => name)],
      machines.map((from) => [
        from.name,
        ...machines.map((to) => {
          const verdict = verdicts.get(`${from.id} ${to.id}`)
          return from.id === to.id ? '-' : verdict === undefined ? '?' : sign[verdict]
        }),
      ]),
    )
  const odd = cells.filter(({ verdict, from, to }) => from !== to && verdict !== 'open')
  const details = new Map<string, string[]>() // the same for many ways, one line
  for (const cell of odd) {
    const what = `${cell.verdict === 'not-tested' ? 'not tested' : cell.verdict} on port ${cell.port}${cell.detail === '' ? '' : `: ${cell.detail}`}`
    details.set(what, [...(details.get(what) ?? []), `${nameOf(cell.from)} → ${nameOf(cell.to)}`])
  }
  const blocked = odd.filter(({ verdict }) => verdict === 'blocked').length
  const verdict = blocked > 0 ? `${countText(blocked, 'way is', 'ways are')} blocked.` : 'No way is blocked.'
  return [
    ...(machines.length <= widestMatrix ? [matrix(), ''] : []),
    ...[...details].map(([what, ways]) => `${plainText(namesText(ways))}: ${plainText(what)}`),
    verdict,
  ].join('\n')
}
