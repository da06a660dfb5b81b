import { ClipboardPaste } from 'lucide-react'
import { useRef } from 'react'
import { toast } from 'sonner'
import { panel } from '../../api/panel.ts'
import { useText } from '../../i18n/messages.ts'
import { Button } from '../../ui/button.tsx'
import { ErrorNote } from '../../ui/error-note.tsx'
import { Field, TextArea, TextInput } from '../../ui/field.tsx'
import { tellError } from '../../entities/tell-error.ts'
import { changeDraft, useDraft } from './draft.ts'
import { FileButton } from '../../entities/file-button.tsx'
import { isUser } from '../../entities/host-standing.ts'
import { selectLine } from '../../entities/parse-problems.tsx'
import { messages } from './new-messages.ts'
import { ParsedTable } from './parsed-table.tsx'
import type { ParsedList } from '../../entities/use-parsed-machines.ts'

/** A list of hosts in any form, and beside it what was understood. */
export function PasteHosts({ parsed }: { readonly parsed: ParsedList }) {
  const t = useText(messages)
  const { text } = useDraft()
  const area = useRef<HTMLTextAreaElement>(null)
  const append = (more: string) => changeDraft({ text: text.trim() === '' ? more : `${text.trimEnd()}\n${more}` })
  return (
    <div className="grid items-start gap-4 lg:grid-cols-2">
      <div className="flex min-w-0 flex-col gap-3">
        <Field label={t('hostsLabel')} hint={t('hostsHint')}>
          {(control) => (
            <TextArea
              {...control}
              ref={area}
              autoFocus
              rows={12}
              value={text}
              placeholder={t('hostsPlaceholder')}
              onChange={(event) => changeDraft({ text: event.target.value })}
              className="font-mono text-sm"
            />
          )}
        </Field>
        <div className="flex flex-wrap gap-2">
          <SshConfigButton onHosts={append} />
          <FileButton label={t('chooseFile')} onText={append} />
        </div>
        <Defaults />
      </div>
      <div className="min-w-0">
        {parsed.error !== null && <ErrorNote error={parsed.error} />}
        <ParsedTable parsed={parsed} isEmpty={text.trim() === ''} onLine={(line) => selectLine(area.current, line)} />
      </div>
    </div>
  )
}

function Defaults() {
  const t = useText(messages)
  const { user, keyFile } = useDraft()
  return (
    <div className="grid gap-3 sm:grid-cols-2">
      <Field label={t('defaultUser')} hint={t('defaultUserHint')} error={isUser(user) ? undefined : t('badUser')}>
        {(control) => <TextInput {...control} value={user} onChange={(event) => changeDraft({ user: event.target.value.trim() })} />}
      </Field>
      <Field label={t('keyFile')} hint={t('keyFileHint')}>
        {(control) => (
          <TextInput
            {...control}
            value={keyFile}
            placeholder="~/.ssh/id_ed25519"
            onChange={(event) => changeDraft({ keyFile: event.target.value.trim() })}
            className="font-mono text-sm"
          />
        )}
      </Field>
    </div>
  )
}

/** Names alone: how each is reached stays in that file. */
function SshConfigButton({ onHosts }: { readonly onHosts: (text: string) => void }) {
  const t = useText(messages)
  const read = async () => {
    const { machines } = await panel.call('machines.parse', { format: 'ssh-config', text: '' })
    if (machines.length === 0) toast.info(t('sshConfigNone'))
    else onHosts(machines.map(({ host }) => host).join('\n'))
  }
  return (
    <Button size="sm" icon={ClipboardPaste} onClick={() => void read().catch(tellError)}>
      {t('sshConfig')}
    </Button>
  )
}
