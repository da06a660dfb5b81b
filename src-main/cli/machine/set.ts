import { UsageError } from '../../../runtime/cli/command.ts'
import { parseSome } from '../../../runtime/cli/values.ts'
import type { UnsetField } from '../../contract/machines.ts'
import { exitCodes } from '../exit-codes.ts'
import type { PanelSubcommand } from '../noun.ts'
import { jsonFlag } from '../panel-flags.ts'
import { listFrom, onlyWord, wordFrom } from '../words/lists.ts'
import { printJson } from '../words/print.ts'
import { specChangesFrom, specFlags } from './spec-flags.ts'

/** By flag, the field that may be left to the defaults again. */
const unsettable = {
  user: 'user',
  port: 'port',
  key: 'keyFiles',
  auth: 'auth',
  jump: 'jump',
  folder: 'folder',
  ip: 'nodeIp',
  'agent-port': 'agentPort',
} as const satisfies Record<string, UnsetField>

export const setMachine: PanelSubcommand = {
  name: 'set',
  summary: 'changes what is said of a machine',
  usage: ['shoal machine set NAME [flags]'],
  flags: {
    name: { value: 'NAME', help: 'to call it from now on' },
    host: { value: 'HOST', help: 'name, address, or alias of ~/.ssh/config' },
    ...specFlags,
    unset: { value: 'FLAGS', help: `leave these to ~/.ssh/config and the defaults again: ${Object.keys(unsettable).join(', ')}` },
    ...jsonFlag,
  },
  notes: [`Groups and tags take the place of the old ones; '' is none.`],
  prepare({ values, words }) {
    const machine = onlyWord('machine set', 'the name of a machine', words)
    const name = parseSome('--name', values.find('name'))
    const host = parseSome('--host', values.find('host'))
    const changes = { ...specChangesFrom(values), ...(name === undefined ? {} : { name }), ...(host === undefined ? {} : { host }) }
    const flags = Object.keys(unsettable) as (keyof typeof unsettable)[] // the keys of that very table
    const unset = (listFrom('--unset', values.find('unset')) ?? []).map((flag) => unsettable[wordFrom('--unset', flag, flags)])
    if (Object.keys(changes).length + unset.length === 0)
      throw new UsageError('machine set needs a flag that says what to change; see shoal machine set --help')
    return async ({ panel, terminal }) => {
      const changed = await panel.call('machines.update', { machine, changes, unset })
      if (terminal.isJson) printJson(terminal, changed)
      else terminal.print(`Changed ${[...Object.keys(changes), ...unset].join(', ')} of ${changed.name}.`)
      return exitCodes.ok
    }
  },
}
