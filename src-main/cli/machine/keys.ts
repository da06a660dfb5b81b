import { ClusterError } from '../../../runtime/base/errors.ts'
import { UsageError } from '../../../runtime/cli/command.ts'
import { nearMissHint } from '../../../runtime/cli/near-miss.ts'
import { exitCodes } from '../exit-codes.ts'
import type { PanelSubcommand } from '../noun.ts'
import { jsonFlag } from '../panel-flags.ts'
import { countText } from '../words/amounts.ts'
import { noWords, onlyWord } from '../words/lists.ts'
import { alignedTable, printJson } from '../words/print.ts'

const verbs = ['list', 'forget']

export const hostKeys: PanelSubcommand = {
  name: 'keys',
  summary: 'the host keys that are known: list them, or forget one',
  usage: ['shoal machine keys [list]', 'shoal machine keys forget HOST'],
  flags: { ...jsonFlag },
  notes: ['Forget the key of a machine only if it was installed anew: the next key that it shows is then a new one, and must be accepted.'],
  prepare({ words: [verb = 'list', ...words] }) {
    if (verb === 'list') return listKeys(words)
    if (verb === 'forget') return forgetKey(words)
    throw new UsageError(`there is no machine keys ${verb}${nearMissHint(verb, verbs) || `; there are ${verbs.join(' and ')}`}`)
  },
}

function listKeys(words: readonly string[]): ReturnType<PanelSubcommand['prepare']> {
  noWords('machine keys list', words)
  return async ({ panel, terminal }) => {
    const keys = await panel.call('hostKeys.list', {})
    if (terminal.isJson) printJson(terminal, keys)
    else if (keys.length === 0) terminal.print('No host keys are known yet.')
    else
      terminal.print(
        alignedTable(
          ['HOST', 'KEY', 'FINGERPRINT', 'FILE'],
          keys.map(({ host, keyType, fingerprint, file }) => [host, keyType, fingerprint, file]),
        ),
      )
    return exitCodes.ok
  }
}

function forgetKey(words: readonly string[]): ReturnType<PanelSubcommand['prepare']> {
  const host = onlyWord('machine keys forget', 'a host, as machine keys list shows it', words)
  return async ({ panel, terminal }) => {
    const { forgotten } = await panel.call('hostKeys.forget', { host })
    if (forgotten === 0) throw new ClusterError('not-found', `no key of ${host} is known; see shoal machine keys list`)
    if (terminal.isJson) printJson(terminal, { forgotten })
    else terminal.print(`Forgot ${countText(forgotten, 'key')} of ${host}.`)
    return exitCodes.ok
  }
}
