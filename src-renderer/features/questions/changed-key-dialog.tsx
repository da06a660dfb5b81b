import { ShieldAlert } from 'lucide-react'
import { useState } from 'react'
import { toast } from 'sonner'
import { panel } from '../../api/panel.ts'
import { type Translate, useText } from '../../i18n/messages.ts'
import { Button } from '../../ui/button.tsx'
import { CodeBlock } from '../../ui/code-block.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { ErrorNote } from '../../ui/error-note.tsx'
import { Field, TextInput } from '../../ui/field.tsx'
import type { ChangedKey } from './changed-keys.ts'
import { messages } from './messages.ts'
import { compareCommand } from './question-queue.ts'

type ChangedKeyDialogProps = {
  readonly change: ChangedKey
  readonly onRefuse: (change: ChangedKey) => void
  /** The old key is forgotten; the machine is asked for its key again. */
  readonly onReplace: (change: ChangedKey) => void
}

/** The worst that a connection can meet with: staying away is what Enter and Esc do. */
export function ChangedKeyDialog({ change, onRefuse, onReplace }: ChangedKeyDialogProps) {
  const t = useText(messages)
  const [typed, setTyped] = useState('')
  const [error, setError] = useState<unknown>()
  const { machine, isRevoked, command } = change
  const canReplace = !isRevoked && command === null && change.seen !== ''
  const replace = async () => {
    try {
      await panel.call('hostKeys.forget', { host: change.address })
      onReplace(change)
      connectAgain(change, t)
    } catch (failure) {
      setError(failure)
    }
  }
  return (
    <Dialog
      title={
        <span className="flex items-center gap-2 text-bad">
          <ShieldAlert size={20} aria-hidden />
          {t('changed', { name: machine.name })}
        </span>
      }
      description={t('changedText', { address: change.address })}
      isOpen
      onClose={() => onRefuse(change)}
      footer={
        <>
          {canReplace && (
            <Button variant="danger" disabled={typed.trim() !== machine.name} onClick={() => void replace()}>
              {t('replace')}
            </Button>
          )}
          <Button variant="primary" autoFocus onClick={() => onRefuse(change)}>
            {t('refuse')}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-3">
        <Keys change={change} />
        {isRevoked && <p>{t('revoked')}</p>}
        {canReplace && (
          <Field label={t('typeName', { name: machine.name })}>
            {(control) => <TextInput {...control} value={typed} onChange={(event) => setTyped(event.target.value)} />}
          </Field>
        )}
        {command !== null && (
          <div>
            <p>{t('notOurs', { file: change.where })}</p>
            <CodeBlock text={command} label={t('replace')} className="mt-1" />
          </div>
        )}
        {error !== undefined && <ErrorNote error={error} />}
      </div>
    </Dialog>
  )
}

function Keys({ change: { seen, known, where, keyType, machine } }: { readonly change: ChangedKey }) {
  const t = useText(messages)
  if (seen === '') return <p className="whitespace-pre-wrap">{machine.reach.message}</p>
  return (
    <>
      <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1 rounded-md border border-bad-line bg-bad-soft px-3 py-2">
        <dt className="font-medium text-bad">{t('seenNow')}</dt>
        <dd className="font-mono break-all">
          {keyType} {seen}
        </dd>
        {known !== '' && (
          <>
            <dt className="text-soft">{t('knownBefore')}</dt>
            <dd className="font-mono break-all">
              {known}
              <span className="block text-xs text-faint">{where}</span>
            </dd>
          </>
        )}
      </dl>
      <div>
        <p>{t('compareFirst')}</p>
        <CodeBlock text={compareCommand(keyType)} label={t('howToCompare')} className="mt-1" />
      </div>
    </>
  )
}

/** Shows the new key, which is then taken; how that went is seen at the machine itself, and told when it did not. */
function connectAgain({ machine }: ChangedKey, t: Translate<keyof (typeof messages)['en']>): void {
  toast.info(t('replaced', { name: machine.name }))
  panel.call('machines.check', { machines: [machine.id] }).catch((error: unknown) => {
    toast.error(t('stillFails', { name: machine.name, message: error instanceof Error ? error.message : String(error) }))
  })
}
