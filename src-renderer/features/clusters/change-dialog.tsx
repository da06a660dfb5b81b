import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Cluster } from '../../../src-main/contract/clusters.ts'
import { useText } from '../../i18n/messages.ts'
import { paths } from '../../navigation/paths.ts'
import { useGo } from '../../navigation/use-navigation.ts'
import { ConfirmDialog } from '../../ui/confirm-dialog.tsx'
import { ErrorNote } from '../../ui/error-note.tsx'
import { Checkbox, Field, TextInput } from '../../ui/field.tsx'
import { SkeletonRows } from '../../ui/skeleton.tsx'
import { useDebounced } from '../../entities/use-debounced.ts'
import { messages } from './manage-messages.ts'
import { isRayVersion } from './settings-check.ts'
import { type MemberChange, wordToType } from './change-rules.ts'
import { planChange, startChange } from './member-changes.ts'
import { PlanView } from './plan-view.tsx'

export type AskedChange = { readonly change: MemberChange; readonly machines: readonly { readonly id: string; readonly name: string }[] }
type ChangeDialogProps = { readonly cluster: Cluster; readonly asked: AskedChange; readonly onClose: () => void }

const words = {
  drain: { title: 'drainTitle', text: 'drainText', act: 'doDrain' },
  restart: { title: 'restartTitle', text: 'restartText', act: 'doRestart' },
  upgrade: { title: 'upgradeTitle', text: 'upgradeText', act: 'doUpgrade' },
  remove: { title: 'removeTitle', text: 'removeText', act: 'doRemove' },
  down: { title: 'downTitle', text: 'downText', act: 'doDown' },
} as const

const minuteMs = 60_000

/** What a change of members does, shown before it is done. */
export function ChangeDialog({ cluster, asked: { change, machines }, onClose }: ChangeDialogProps) {
  const t = useText(messages)
  const go = useGo()
  const [force, setForce] = useState(false)
  const [minutes, setMinutes] = useState('')
  const [rayVersion, setRayVersion] = useState('')
  const plannedVersion = useDebounced(rayVersion)
  const isVersion = rayVersion === '' || isRayVersion(rayVersion)
  const chosen = {
    ...{ cluster: cluster.id, machines: machines.map(({ id }) => id), force },
    ...(isRayVersion(plannedVersion) && { rayVersion: plannedVersion }),
  }
  const plan = useQuery({
    queryKey: ['plan', change, chosen],
    queryFn: ({ signal }) => planChange(change, chosen, signal),
    placeholderData: keepPreviousData,
    staleTime: 0,
    gcTime: 0,
  })
  const isWithin = /^\d{0,4}$/.test(minutes) && Number(minutes) <= 1_440
  const begin = async () => {
    const withinMs = minutes === '' ? null : Number(minutes) * minuteMs
    go(paths.operation(await startChange(change, chosen, { withinMs })))
  }
  const typed = wordToType(change, cluster, machines.length)
  const names = machines.map(({ name }) => name).join(', ')
  return (
    <ConfirmDialog
      title={t(words[change].title, { cluster: cluster.name, count: machines.length, names })}
      isOpen
      onClose={onClose}
      onConfirm={begin}
      confirmLabel={t(words[change].act)}
      isDanger={change === 'remove' || change === 'down'}
      isReady={isWithin && isVersion && rayVersion === plannedVersion && (plan.data !== undefined || force)}
      width="md"
      {...(typed !== undefined && { typeToConfirm: typed })}
    >
      <p>{t(words[change].text, { count: machines.length })}</p>
      {machines.length > 1 && change !== 'down' && <p className="max-h-20 overflow-y-auto text-soft">{names}</p>}
      {plan.isError ? (
        <ErrorNote error={plan.error} onRetry={() => void plan.refetch()} />
      ) : plan.data === undefined ? (
        <div role="status" className="text-soft">
          {t('planning')}
          <SkeletonRows rows={3} />
        </div>
      ) : (
        <PlanView plan={plan.data} isFolded />
      )}
      {change === 'drain' && (
        <Field label={t('within')} hint={t('withinHint')} error={isWithin ? undefined : t('withinWrong')}>
          {(control) => (
            <TextInput {...control} inputMode="numeric" value={minutes} onChange={(event) => setMinutes(event.target.value.trim())} />
          )}
        </Field>
      )}
      {change === 'upgrade' && cluster.ray && (
        <RayVersion value={rayVersion} onChange={setRayVersion} now={cluster.ray.version} isWrong={!isVersion} />
      )}
      {(change === 'remove' || change === 'down') && (
        <div>
          <Checkbox label={t('force')} isChecked={force} onChange={setForce} />
          <p className="pl-6 text-soft">{t(change === 'down' ? 'forceDownText' : 'forceRemoveText')}</p>
        </div>
      )}
    </ConfirmDialog>
  )
}

type RayVersionProps = {
  readonly value: string
  readonly onChange: (value: string) => void
  readonly now: string
  readonly isWrong: boolean
}

function RayVersion({ value, onChange, now, isWrong }: RayVersionProps) {
  const t = useText(messages)
  return (
    <Field label={t('rayVersion')} hint={t('rayVersionHint')} error={isWrong ? t('rayVersionWrong') : undefined}>
      {(control) => (
        <TextInput
          {...control}
          value={value}
          placeholder={now}
          onChange={(event) => onChange(event.target.value.trim())}
          className="font-mono"
        />
      )}
    </Field>
  )
}
