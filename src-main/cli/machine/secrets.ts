import { type FlagValues, UsageError } from '../../../runtime/cli/command.ts'
import { nearMissHint } from '../../../runtime/cli/near-miss.ts'
import type { Context } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import type { PanelSubcommand } from '../noun.ts'
import { jsonFlag, vaultFlag } from '../panel-flags.ts'
import { createPerson } from '../questions/person.ts'
import { secretFrom } from '../questions/ssh-answers.ts'
import { noWords, onlyWord, wordFrom } from '../words/lists.ts'
import { printJson } from '../words/print.ts'

const verbs = ['status', 'use', 'forget']
const kinds = ['memory', 'vault', 'keychain'] as const
type Run = (context: Context) => Promise<number>

export const secretsOfMachines: PanelSubcommand = {
  name: 'secrets',
  summary: 'where passwords are kept: nowhere, unless you say so',
  usage: ['shoal machine secrets [status]', 'shoal machine secrets use memory|vault|keychain', 'shoal machine secrets forget KEY'],
  flags: { ...vaultFlag, ...jsonFlag },
  notes: ['memory: until the panel ends. vault: a file under a passphrase of yours. keychain: that of this computer.'],
  prepare({ values, words: [verb = 'status', ...words] }) {
    if (verb === 'status') return status(words)
    if (verb === 'use') return use(values, words)
    if (verb === 'forget') return forget(words)
    throw new UsageError(`there is no machine secrets ${verb}${nearMissHint(verb, verbs) || `; there are ${verbs.join(', ')}`}`)
  },
}

function status(words: readonly string[]): Run {
  noWords('machine secrets status', words)
  return async ({ panel, terminal }) => {
    const { kind, isOpen, keys, whyNoKeychain } = await panel.call('secrets.status', {})
    if (terminal.isJson) printJson(terminal, { kind, isOpen, keys, whyNoKeychain })
    else
      terminal.print(
        [
          `Passwords are kept in: ${kind}${isOpen ? '' : ', which is shut'}`,
          ...(whyNoKeychain === null ? [] : [`No keychain: ${whyNoKeychain}`]),
          ...(keys.length === 0 ? ['Nothing is kept.'] : ['Kept:', ...keys.map((key) => `  ${key}`)]),
        ].join('\n'),
      )
    return exitCodes.ok
  }
}

function use(values: FlagValues, words: readonly string[]): Run {
  const kind = wordFrom('machine secrets use', onlyWord('machine secrets use', 'one of memory, vault and keychain', words), kinds)
  const given = secretFrom('--vault-passphrase-file', values.find('vault-passphrase-file'))
  return async (context) => {
    const { panel, terminal } = context
    const passphrase = kind === 'vault' ? (given ?? (await newPassphrase(context))) : undefined
    await panel.call('secrets.use', { kind, ...(passphrase === undefined ? {} : { passphrase }) })
    if (terminal.isJson) printJson(terminal, { kind })
    else terminal.print(`Passwords that you let be kept are kept in: ${kind}.`)
    return exitCodes.ok
  }
}

/** Typed twice: nobody sees what it is. */
async function newPassphrase({ live, interrupts }: Context): Promise<string> {
  const person = createPerson({ live, onInterrupt: () => interrupts.interrupt() })
  if (!person.isThere) throw new UsageError('a vault needs a passphrase; use --vault-passphrase-file FILE, or run this on a terminal')
  const { signal } = interrupts
  const first = await person.ask('Passphrase of the vault: ', { isHidden: true, signal })
  if (first === undefined || first === '') throw new UsageError('a vault needs a passphrase; nothing was changed')
  if ((await person.ask('Once more: ', { isHidden: true, signal })) !== first)
    throw new UsageError('the two are not the same; nothing was changed')
  return first
}

function forget(words: readonly string[]): Run {
  const key = onlyWord('machine secrets forget', 'a key, as machine secrets status shows it', words)
  return async ({ panel, terminal }) => {
    await panel.call('secrets.forget', { key })
    if (terminal.isJson) printJson(terminal, { forgotten: key })
    else terminal.print(`Forgot ${key}.`)
    return exitCodes.ok
  }
}
