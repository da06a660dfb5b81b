import { ClusterError } from '../../../runtime/base/errors.ts'
import type { PanelSession } from '../panel-session.ts'
import type { Person } from './person.ts'
import type { SshAnswers } from './ssh-answers.ts'

type Given = { readonly panel: PanelSession; readonly person: Person; readonly answers: SshAnswers; readonly signal: AbortSignal }

/**
 * Opens the vault where passwords are kept in one that is shut: with the file of the flag, else by asking. Without either it stays shut,
 * and a machine that wants a kept password asks for it.
 * @throws ClusterError when the passphrase of the flag is wrong
 */
export async function openVault({ panel, person, answers, signal }: Given): Promise<void> {
  const { kind, isOpen } = await panel.call('secrets.status', {})
  if (kind !== 'vault' || isOpen) return
  if (answers.vaultPassphrase !== undefined) return void (await panel.call('secrets.unlock', { passphrase: answers.vaultPassphrase }))
  if (!person.isThere) return
  for (;;) {
    const passphrase = await person.ask('Passphrase of the vault, or Enter to leave it shut: ', { isHidden: true, signal })
    if (passphrase === undefined || passphrase === '') return
    try {
      return void (await panel.call('secrets.unlock', { passphrase }))
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error
      person.tell(error.message)
    }
  }
}
