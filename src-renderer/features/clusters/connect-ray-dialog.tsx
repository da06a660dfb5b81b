import { useMutation, useQuery } from '@tanstack/react-query'
import { type FormEvent, useId, useState } from 'react'
import type { GivenInput, Output } from '../../../src-main/contract/panel.ts'
import { useClusters, useMachines } from '../../api/live-things.ts'
import { panel, panelQuery } from '../../api/panel.ts'
import { useText } from '../../i18n/messages.ts'
import { paths } from '../../navigation/paths.ts'
import { useGo } from '../../navigation/use-navigation.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { ErrorNote } from '../../ui/error-note.tsx'
import { Checkbox, Field, Select, TextInput } from '../../ui/field.tsx'
import { messages } from './ray-messages.ts'
import { type RayTrustDraft, RayTrustFields } from './ray-trust-fields.tsx'

type Wish = GivenInput<'clusters.connectRay'>
type Plan = Output<'clusters.planRay'>
type Draft = { readonly name: string; readonly address: string; readonly via: string; readonly keepToken: boolean } & RayTrustDraft

const firstDraft: Omit<Draft, 'name'> = { address: '', via: '', keepToken: false, trustKind: 'system', pem: '', sha256: '' }

/** One that no cluster has yet. */
function freeName(taken: readonly string[]): string {
  let name = 'ray'
  for (let number = 2; taken.includes(name); number += 1) name = `ray-${number}`
  return name
}

/** Puts a Ray cluster that others made on the list. It is looked at first, and what keeps us out is said where it can be mended. */
export function ConnectRayDialog({ onClose }: { readonly onClose: () => void }) {
  const t = useText(messages)
  const go = useGo()
  const formId = useId()
  const clusters = useClusters().values
  const [draft, setDraft] = useState((): Draft => ({ ...firstDraft, name: freeName(clusters.map(({ name }) => name)) }))
  const change = (part: Partial<Draft>) => setDraft((now) => ({ ...now, ...part }))
  const connecting = useMutation({
    mutationFn: lookAndConnect,
    onSuccess: ({ name }) => name !== null && [onClose(), go(paths.cluster(name))],
  })
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    // The token stays in its field: no state of the page ever holds it.
    const token = String(new FormData(event.currentTarget).get('token') ?? '')
    connecting.mutate(wishOf(draft, token))
  }
  const plan = connecting.data?.plan
  return (
    <Dialog
      title={t('title')}
      description={t('text')}
      isOpen
      onClose={onClose}
      footer={
        <Button
          variant="primary"
          type="submit"
          form={formId}
          isBusy={connecting.isPending}
          disabled={draft.name === '' || draft.address === ''}
        >
          {t('connect')}
        </Button>
      }
    >
      <form id={formId} onSubmit={submit} autoComplete="off" className="flex flex-col gap-3">
        <PlaceFields draft={draft} onChange={change} />
        <TokenFields draft={draft} onChange={change} />
        {/^\s*https:/i.test(draft.address) && <RayTrustFields draft={draft} seen={plan?.certificate ?? null} onChange={change} />}
        <div role="status">
          {connecting.isPending && <p className="text-soft">{t('looking', { address: draft.address })}</p>}
          {connecting.isError && <ErrorNote title={t('failed')} error={connecting.error} />}
          {!connecting.isPending && plan?.problem && <ErrorNote title={t('failed')} error={plan.problem} />}
        </div>
      </form>
    </Dialog>
  )
}

type FieldsProps = { readonly draft: Draft; readonly onChange: (part: Partial<Draft>) => void }

function PlaceFields({ draft, onChange }: FieldsProps) {
  const t = useText(messages)
  const { values: machines } = useMachines()
  const ways = machines.filter(({ via }) => via !== 'local').map(({ id, name }) => ({ value: id, label: t('viaMachine', { name }) }))
  return (
    <>
      <Field label={t('name')} hint={t('nameHint')}>
        {(control) => <TextInput {...control} value={draft.name} onChange={(event) => onChange({ name: event.target.value })} />}
      </Field>
      <Field label={t('address')} hint={t('addressHint')}>
        {(control) => (
          <TextInput
            {...control}
            value={draft.address}
            className="font-mono"
            onChange={(event) => onChange({ address: event.target.value })}
          />
        )}
      </Field>
      <Field label={t('via')}>
        {(control) => (
          <Select
            {...control}
            value={draft.via}
            onChange={(via) => onChange({ via })}
            options={[{ value: '', label: t('viaHere') }, ...ways]}
          />
        )}
      </Field>
    </>
  )
}

function TokenFields({ draft, onChange }: FieldsProps) {
  const t = useText(messages)
  const { data: secrets } = useQuery(panelQuery('secrets.status', {}))
  const canKeep = secrets !== undefined && secrets.kind !== 'memory' && secrets.isOpen
  return (
    <>
      <Field label={t('token')} hint={canKeep ? t('tokenHint') : `${t('tokenHint')} ${t('heldOnly')}`}>
        {(control) => <TextInput {...control} name="token" type="password" className="font-mono" data-1p-ignore data-lpignore="true" />}
      </Field>
      {canKeep && <Checkbox label={t('keepToken')} isChecked={draft.keepToken} onChange={(keepToken) => onChange({ keepToken })} />}
    </>
  )
}

function wishOf({ name, address, via, keepToken, trustKind, pem, sha256 }: Draft, token: string): Wish {
  const isSecure = /^\s*https:/i.test(address)
  const trust =
    isSecure && trustKind === 'ca'
      ? { kind: 'ca' as const, pem }
      : isSecure && trustKind === 'fingerprint'
        ? { kind: 'fingerprint' as const, sha256: sha256.trim() }
        : { kind: 'system' as const }
  return { name: name.trim(), address, via: via === '' ? null : via, trust, keepToken, ...(token !== '' && { token: token.trim() }) }
}

/** `name` null: something keeps us out, and the plan says what. @throws PanelError */
async function lookAndConnect(wish: Wish): Promise<{ readonly plan: Plan; readonly name: string | null }> {
  const { name, keepToken, ...place } = wish
  const plan = await panel.call('clusters.planRay', place)
  if (plan.problem !== null) return { plan, name: null }
  const cluster = await panel.call('clusters.connectRay', { ...place, name, ...(keepToken !== undefined && { keepToken }) })
  return { plan, name: cluster.name }
}
