import { ClusterError } from '../../../runtime/base/errors.ts'
import { type FlagValues, UsageError } from '../../../runtime/cli/command.ts'
import { parseSome } from '../../../runtime/cli/values.ts'
import type { MachineSpec } from '../../contract/machines.ts'
import type { GivenInput, Output } from '../../contract/panel.ts'
import type { Context } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import type { PanelSubcommand } from '../noun.ts'
import { jsonFlag } from '../panel-flags.ts'
import { countText } from '../words/amounts.ts'
import { isLike } from '../words/is-like.ts'
import { wordFrom } from '../words/lists.ts'
import { alignedTable, printJson } from '../words/print.ts'
import { readText } from '../words/text-files.ts'
import { findSameMachine } from './same-machine.ts'
import { specChangesFrom, specFlags } from './spec-flags.ts'

const inventoryFormats = ['auto', 'paste', 'csv', 'ansible', 'json'] as const
type Source = GivenInput<'machines.parse'>
type Problem = Output<'machines.parse'>['problems'][number]

export const addMachines: PanelSubcommand = {
  name: 'add',
  summary: 'puts machines on the list',
  usage: [
    'shoal machine add [flags] USER@HOST:PORT …',
    'shoal machine add --file hosts.txt|inventory.csv|hosts.ini [flags]',
    'shoal machine add --ssh-config [ALIAS …]',
  ],
  flags: {
    file: { value: 'FILE', help: 'one machine a line, CSV with a heading, or an inventory of Ansible; - for standard input' },
    format: { value: 'NAME', help: `of the file: ${inventoryFormats.join(', ')}. Default: auto` },
    'ssh-config': { help: 'the hosts of ~/.ssh/config; words name those that are wanted, as web or gpu*' },
    name: { value: 'NAME', help: 'to call it, where it is one. Default: its host' },
    ...specFlags,
    'skip-known': { help: 'leave out those that are on the list already' },
    'dry-run': { help: 'only show what would be added' },
    ...jsonFlag,
  },
  notes: [
    'Ranges stand for several: gpu[01-08], user@10.0.0.[1-4]:22. Nothing is done on a machine: shoal machine check looks whether it is fit.',
    'Exit code: 1 when a line could not be read; the others are added all the same.',
  ],
  examples: ['shoal machine add ada@10.0.0.[1-4] --key ~/.ssh/lab --group lab', 'shoal machine add --file hosts.txt --dry-run'],
  prepare({ values, words }) {
    const source = sourceFrom(values, words)
    const changes = specChangesFrom(values)
    const name = parseSome('--name', values.find('name'))
    return async (context) => {
      const { machines, problems } = await context.panel.call('machines.parse', source.input)
      if (problems.length > 0 && source.input.format === 'paste' && source.isTyped)
        throw new UsageError(problems.map(({ text, message }) => `${text}: ${message}`).join('; '))
      const wanted = source.aliases.length === 0 ? machines : chosenAliases(machines, source.aliases)
      const specs = wanted.map((spec) => ({ ...spec, ...changes, ...(name === undefined ? {} : { name }) }))
      if (name !== undefined && specs.length > 1) throw new UsageError(`--name names one machine, and these are ${specs.length}`)
      return add(context, { specs, problems, nothing: source.nothing, isStrict: source.input.format !== 'ssh-config' })
    }
  },
}

type Given = {
  readonly specs: readonly MachineSpec[]
  readonly problems: readonly Problem[]
  /** What to say when there is no machine in what was given. */
  readonly nothing: string
  readonly isStrict: boolean
}

async function add({ panel, terminal, values }: Context, { specs, problems, nothing, isStrict }: Given): Promise<number> {
  const known = values.has('skip-known') ? await panel.call('machines.list', {}) : []
  const fresh = specs.filter((spec) => findSameMachine(known, spec) === undefined)
  const skipped = specs.length - fresh.length
  const isDry = values.has('dry-run')
  const added = isDry || fresh.length === 0 ? fresh : await panel.call('machines.add', { machines: fresh })
  if (terminal.isJson) printJson(terminal, { [isDry ? 'wouldAdd' : 'added']: added, skipped, problems })
  else {
    for (const { line, text, message } of problems) terminal.warn(`line ${line}: ${message}${text === '' ? '' : `: ${text}`}`)
    if (added.length > 0) terminal.print(specTable(added))
    const left = skipped > 0 ? `; ${skipped} known already` : ''
    const unread = problems.length > 0 ? `; ${countText(problems.length, 'line')} left out, see above` : ''
    terminal.print(`${isDry ? 'Would add' : 'Added'} ${countText(added.length, 'machine')}${left}${unread}.`)
  }
  if (specs.length === 0 && problems.length === 0) terminal.warn(`shoal: ${nothing}`)
  return (isStrict && problems.length > 0) || specs.length === 0 ? exitCodes.failed : exitCodes.ok
}

const specTable = (specs: readonly MachineSpec[]): string =>
  alignedTable(
    ['NAME', 'HOST', 'PORT', 'USER', 'JUMP', 'GROUPS', 'TAGS'],
    specs.map((spec) => [
      spec.name,
      spec.host,
      String(spec.port ?? ''),
      spec.user ?? '',
      (spec.jump ?? []).join(' → '),
      spec.groups.join(', '),
      spec.tags.join(', '),
    ]),
  )

type MachineSource = { readonly input: Source; readonly isTyped: boolean; readonly aliases: readonly string[]; readonly nothing: string }

function sourceFrom(values: FlagValues, words: readonly string[]): MachineSource {
  const file = values.find('file')
  const format = values.find('format')
  const isConfig = values.has('ssh-config')
  if (isConfig) {
    if (file !== undefined || format !== undefined) throw new UsageError('--ssh-config reads your own file; leave out --file and --format')
    return { input: { format: 'ssh-config', text: '' }, isTyped: true, aliases: words, nothing: '~/.ssh/config names no host' }
  }
  if (file !== undefined) {
    if (words.length > 0) throw new UsageError(`machine add takes machines or --file, not both: got ${JSON.stringify(words[0])} too`)
    const text = readText('--file', file)
    return {
      input: { format: wordFrom('--format', format ?? 'auto', inventoryFormats), text },
      isTyped: false,
      aliases: [],
      nothing: `--file ${file} names no machine; write one user@host:port a line`,
    }
  }
  if (words.length === 0)
    throw new UsageError('machine add needs machines: shoal machine add user@host:port …, --file FILE or --ssh-config')
  if (format !== undefined) throw new UsageError('--format is for --file')
  return { input: { format: 'paste', text: words.join('\n') }, isTyped: true, aliases: [], nothing: 'these words name no machine' }
}

/** @throws ClusterError `not-found` naming an alias that the file does not have */
function chosenAliases(machines: readonly MachineSpec[], aliases: readonly string[]): MachineSpec[] {
  const patterns = aliases.map((alias) => ({ alias, matches: (name: string) => isLike(name, alias) }))
  for (const { alias, matches } of patterns) {
    if (!machines.some(({ name }) => matches(name)))
      throw new ClusterError('not-found', `~/.ssh/config has no host ${alias}; shoal machine add --ssh-config --dry-run shows those it has`)
  }
  return machines.filter(({ name }) => patterns.some(({ matches }) => matches(name)))
}
