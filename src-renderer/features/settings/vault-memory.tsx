import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useRef, useState } from 'react'
import type { VaultMemory as Memory } from '../../../src-main/contract/desktop-bridge.ts'
import { queryClient } from '../../api/panel.ts'
import { useText } from '../../i18n/messages.ts'
import { Button } from '../../ui/button.tsx'
import { ErrorNote } from '../../ui/error-note.tsx'
import { Field, Switch, TextInput } from '../../ui/field.tsx'
import { messages } from './messages.ts'

const queryKey = ['desktop', 'vaultMemory']

type VaultMemoryProps = {
  /** Passwords are kept in the vault now. */
  readonly isVault: boolean
  /** The vault may have been opened. */
  readonly onOpened: () => void
}

/** In the desktop's window: whether the vault opens by itself when the app starts. Nothing in a browser. */
export function VaultMemory({ isVault, onOpened }: VaultMemoryProps) {
  const t = useText(messages)
  const { shoalDesktop } = window
  const memory = useQuery({
    queryKey,
    queryFn: () => shoalDesktop?.ask('vaultMemory', {}) ?? null,
    enabled: shoalDesktop !== undefined,
  })
  const [isAsking, setAsking] = useState(false)
  const [failure, setFailure] = useState<unknown>()
  const place = useRef<HTMLDivElement>(null)
  const { data } = memory
  if (shoalDesktop === undefined || !data || !(isVault || data.isRemembered)) return null
  const keep = (next: Memory) => queryClient.setQueryData(queryKey, next)
  const toggle = (isOn: boolean) => {
    setFailure(undefined)
    setAsking(isOn)
    if (!isOn && data.isRemembered) shoalDesktop.ask('forgetVault', {}).then(keep, setFailure)
  }
  const remember = async (passphrase: string) => {
    keep(await shoalDesktop.ask('rememberVault', { passphrase }))
    setAsking(false)
    place.current?.querySelector('button')?.focus() // the field that had the focus is gone
    onOpened()
  }
  return (
    <div ref={place} className="flex flex-col gap-2">
      <Switch
        label={t('vaultAtStart')}
        isOn={data.isRemembered || isAsking}
        isDisabled={!data.canRemember && !data.isRemembered}
        onChange={toggle}
      />
      <p className="text-sm text-faint">{data.why === null ? t('vaultAtStartText') : t('vaultAtStartNot', { why: data.why })}</p>
      {failure !== undefined && <ErrorNote error={failure} />}
      {isAsking && !data.isRemembered && <PassphraseForm onGiven={remember} />}
    </div>
  )
}

/** The vault itself tells whether it is the right one. */
function PassphraseForm({ onGiven }: { readonly onGiven: (passphrase: string) => Promise<void> }) {
  const t = useText(messages)
  const [passphrase, setPassphrase] = useState('')
  const [error, setError] = useState<string>()
  const [isBusy, setBusy] = useState(false)
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    try {
      await onGiven(passphrase)
    } catch (failure) {
      setError(failure instanceof Error ? failure.message : String(failure))
      setBusy(false)
    }
  }
  return (
    <form onSubmit={(event) => void submit(event)} className="flex max-w-[520px] flex-col gap-2">
      <Field label={t('passphrase')} hint={t('vaultAtStartHint')} error={error}>
        {(control) => (
          <TextInput
            {...control}
            type="password"
            autoComplete="current-password"
            autoFocus
            value={passphrase}
            onChange={(event) => {
              setPassphrase(event.target.value)
              setError(undefined)
            }}
          />
        )}
      </Field>
      <div>
        <Button type="submit" variant="primary" isBusy={isBusy} disabled={passphrase === ''}>
          {t('vaultRemember')}
        </Button>
      </div>
    </form>
  )
}
