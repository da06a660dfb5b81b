import { plainText } from '../../../runtime/cli/state/print-rows.ts'
import { Engine } from '../../contract/clusters.ts'
import type { Output } from '../../contract/panel.ts'
import type { Context } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import type { PanelSubcommand } from '../noun.ts'
import { followOperation } from '../operation/follow-operation.ts'
import { exitCodeOf, resultText } from '../operation/operation-result.ts'
import { confirm } from '../words/confirm.ts'
import { onlyWord, wordFrom } from '../words/lists.ts'
import { printJson } from '../words/print.ts'
import { readText, writeText } from '../words/text-files.ts'
import { jsonFlag } from '../panel-flags.ts'
import { getCluster } from './members.ts'
import { plannedFlags } from './show-and-run.ts'

type Difference = Output<'clusters.planApply'>

export const exportCluster: PanelSubcommand = {
  name: 'export',
  summary: 'writes a cluster as a cluster.yaml, without secrets',
  usage: ['shoal cluster export NAME [--output cluster.yaml]'],
  flags: { output: { value: 'FILE', help: 'to write to. Default: standard output' }, ...jsonFlag },
  prepare({ values, words }) {
    const name = onlyWord('cluster export', 'the name of a cluster', words)
    const output = values.find('output')
    return async ({ panel, terminal }) => {
      const { id } = await getCluster(panel, name)
      const { yaml } = await panel.call('clusters.export', { cluster: id })
      if (output !== undefined) writeText('--output', output, yaml)
      else if (terminal.isJson) printJson(terminal, { yaml })
      else terminal.print(yaml.replace(/\n$/, ''))
      return exitCodes.ok
    }
  },
}

export const applyCluster: PanelSubcommand = {
  name: 'apply',
  summary: 'makes a cluster what a cluster.yaml says; Ray files for local machines are read too',
  usage: ['shoal cluster apply cluster.yaml [--engine NAME] [--plan] [--yes]'],
  flags: { engine: { value: 'NAME', help: 'shoal or ray. Default: what the file says; ray for a file of Ray' }, ...plannedFlags },
  prepare({ values, words }) {
    const file = onlyWord('cluster apply', 'a file; - for standard input', words)
    return async (context) => {
      const { panel, terminal } = context
      const yaml = readText('cluster apply', file)
      const engine = values.find('engine')
      const applied = { yaml, ...(engine === undefined ? {} : { engine: wordFrom('--engine', engine, Engine.options) }) }
      const difference = await panel.call('clusters.planApply', applied)
      const isPlan = values.has('plan')
      if (!terminal.isJson) terminal.print(differenceText(difference))
      else if (isPlan) printJson(terminal, difference)
      if (isPlan) return exitCodes.ok
      if (isNothing(difference)) {
        if (terminal.isJson) printJson(terminal, { operations: [] })
        return exitCodes.ok
      }
      const effect =
        difference.remove.length > 0
          ? `${difference.remove.join(', ')} will leave ${difference.name}.`
          : `${difference.name} will be changed.`
      if (!(await confirm(context, { effect, isOptional: difference.remove.length === 0 }))) {
        terminal.warn('Nothing was started.')
        return exitCodes.failed
      }
      return followAll(context, (await panel.call('clusters.apply', applied)).operationIds)
    }
  },
}

async function followAll(context: Context, ids: readonly string[]): Promise<number> {
  const { terminal, interrupts } = context
  const operations = []
  for (const id of ids) {
    const operation = await followOperation(context, id)
    if (!terminal.isJson) terminal.print(resultText(operation))
    operations.push(operation)
  }
  if (terminal.isJson) printJson(terminal, { operations })
  return Math.max(exitCodes.ok, ...operations.map((operation) => exitCodeOf(operation, interrupts.hasInterrupted)))
}

const isNothing = ({ exists, machinesToAdd, add, remove }: Difference): boolean =>
  exists && machinesToAdd.length + add.length + remove.length === 0

/** Pure. */
export function differenceText(difference: Difference): string {
  const { name, exists, machinesToAdd, spec, add, remove, notes } = difference
  const names = (title: string, list: readonly string[]) =>
    list.length === 0 ? [] : [`  ${title.padEnd(20)}${plainText(list.join(', '))}`]
  return [
    exists ? (isNothing(difference) ? `${name} is as the file says.` : `${name} will be changed:`) : `${name} will be made:`,
    ...names(
      'new on the list',
      machinesToAdd.map((machine) => machine.name),
    ),
    ...(exists
      ? []
      : [...(spec.engine === 'ray' ? names('engine', ['Ray']) : []), ...names('head', [spec.head]), ...names('workers', spec.workers)]),
    ...(exists ? names('will join', add) : []),
    ...names('will leave', remove),
    ...notes.map((note) => `  Note: ${plainText(note)}`),
  ].join('\n')
}
