import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useRef, useState } from 'react'
import { panel, panelQuery, queryClient } from '../../api/panel.ts'
import { tellError } from '../../entities/tell-error.ts'
import { useText } from '../../i18n/messages.ts'
import { Button } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import { ErrorNote } from '../../ui/error-note.tsx'
import { Field, Select, TextInput } from '../../ui/field.tsx'
import { Skeleton } from '../../ui/skeleton.tsx'
import { messages } from './messages.ts'
import { VaultMemory } from './vault-memory.tsx'

const kinds = ['memory', 'vault', 'keychain'] as const
type Kind = (typeof kinds)[number]
const shortestPassphrase = 8
const statusQuery = panelQuery('secrets.status', {})
const refresh = () => queryClient.invalidateQueries({ queryKey: statusQuery.queryKey })

/** Where answers to password questions are kept. */
export function SecretsSettings() {
  const t = useText(messages)
  const status = useQuery(statusQuery)
  return (
    <Card title={t('secrets')}>
      <p className="mb-3 text-soft">{t('secretsText')}</p>
      {status.isError && <ErrorNote error={status.error} onRetry={() => void status.refetch()} />}
      {status.isPending && <Skeleton className="h-12" />}
      {status.data && (
        <div className="flex flex-col gap-3">
          <KeptIn kind={status.data.kind} isOpen={status.data.isOpen} whyNoKeychain={status.data.whyNoKeychain} />
          <VaultMemory isVault={status.data.kind === 'vault'} onOpened={() => void refresh()} />
          <p className="text-soft">{t('kept', { count: status.data.keys.length })}</p>
          <ul className="flex flex-col gap-1">
            {status.data.keys.map((key) => (
              <li key={key} className="flex items-center gap-2">
                <code className="min-w-0 flex-1 truncate font-mono text-sm">{key}</code>
                <Button
                  size="sm"
                  variant="quiet"
                  aria-label={t('forgetOne', { name: key })}
                  onClick={() => void panel.call('secrets.forget', { key }).catch(tellError).then(refresh)}
                >
                  {t('forget')}
                </Button>
              </li>
            ))}
          </ul>
        </div>
      )}
    </Card>
  )
}

type KeptInProps = { readonly kind: Kind; readonly isOpen: boolean; readonly whyNoKeychain: string | null }

function KeptIn({ kind, isOpen, whyNoKeychain }: KeptInProps) {
  const t = useText(messages)
  const [choice, setChoice] = useState({ from: kind, to: kind })
  const wanted = choice.from === kind ? choice.to : kind // what was chosen counts until it is so
  const select = useRef<HTMLSelectElement>(null)
  const [passphrase, setPassphrase] = useState('')
  const [error, setError] = useState<unknown>()
  const [isBusy, setBusy] = useState(false)
  const isLocked = kind === 'vault' && !isOpen && wanted === 'vault'
  const needsPassphrase = wanted === 'vault' && (kind !== 'vault' || !isOpen)
  const isShort = needsPassphrase && !isLocked && passphrase.length > 0 && passphrase.length < shortestPassphrase
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    setError(undefined)
    try {
      if (isLocked) await panel.call('secrets.unlock', { passphrase })
      else await panel.call('secrets.use', { kind: wanted, ...(needsPassphrase && { passphrase }) })
      setPassphrase('')
      await refresh()
      select.current?.focus() // the button that had the focus goes
    } catch (failure) {
      setError(failure)
    } finally {
      setBusy(false)
    }
  }
  const offered = kinds.filter((each) => each !== 'keychain' || whyNoKeychain === null)
  return (
    <form onSubmit={(event) => void submit(event)} className="flex flex-col gap-3">
      <div className="flex flex-wrap items-start gap-3">
        <Field label={t('keptIn')} hint={whyNoKeychain === null ? undefined : t('noKeychain', { why: whyNoKeychain })}>
          {(control) => (
            <Select
              {...control}
              ref={select}
              className="max-w-[360px]"
              value={wanted}
              onChange={(to) => setChoice({ from: kind, to })}
              options={offered.map((value) => ({ value, label: t(value) }))}
            />
          )}
        </Field>
        {needsPassphrase && <PassphraseField isLocked={isLocked} isShort={isShort} value={passphrase} onChange={setPassphrase} />}
      </div>
      {error !== undefined && <ErrorNote error={error} />}
      {(wanted !== kind || isLocked) && (
        <div>
          <Button type="submit" variant="primary" isBusy={isBusy} disabled={needsPassphrase && (isShort || passphrase === '')}>
            {isLocked ? t('unlock') : t('use')}
          </Button>
        </div>
      )}
    </form>
  )
}

type PassphraseFieldProps = {
  /** It opens a vault that is there; else it makes one. */
  readonly isLocked: boolean
  readonly isShort: boolean
  readonly value: string
  readonly onChange: (passphrase: string) => void
}

function PassphraseField({ isLocked, isShort, value, onChange }: PassphraseFieldProps) {
  const t = useText(messages)
  return (
    <Field label={t('passphrase')} hint={isLocked ? t('locked') : t('passphraseHint')} error={isShort ? t('passphraseShort') : undefined}>
      {(control) => (
        <TextInput
          {...control}
          type="password"
          autoComplete={isLocked ? 'current-password' : 'new-password'}
          value={value}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
  )
}
