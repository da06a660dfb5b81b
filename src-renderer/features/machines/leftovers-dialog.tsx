import { useQuery } from '@tanstack/react-query'
import { Check, Sparkles } from 'lucide-react'
import { useState } from 'react'
import type { Leftover, Machine } from '../../../src-main/contract/machines.ts'
import { panel, panelQuery } from '../../api/panel.ts'
import type { Output } from '../../../src-main/contract/panel.ts'
import { useFormat } from '../../i18n/format.ts'
import { useText } from '../../i18n/messages.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { ErrorNote } from '../../ui/error-note.tsx'
import { Checkbox } from '../../ui/field.tsx'
import { SkeletonRows } from '../../ui/skeleton.tsx'
import { Time } from '../../ui/time.tsx'
import { checkMachines } from './checking.ts'
import { messages } from './dialog-messages.ts'
import { keyOf, runsNow } from './leftovers.ts'

type LeftoversDialogProps = { readonly machine: Machine; readonly onClose: () => void }
type Cleaned = Output<'machines.clean'>

/** What earlier runs of ours left on a machine; what is chosen is removed, and what is kept says why. */
export function LeftoversDialog({ machine, onClose }: LeftoversDialogProps) {
  const t = useText(messages)
  const { found, all, chosen, isChosen, toggle, clean, cleaned, error, isBusy } = useCleaning(machine)
  return (
    <Dialog
      title={t('leftoversTitle', { name: machine.name })}
      description={t('leftoversText')}
      isOpen
      onClose={onClose}
      width="lg"
      footer={
        <>
          <Button onClick={onClose}>{t('close')}</Button>
          {all.length > 0 && (
            <Button variant="danger" isBusy={isBusy} disabled={chosen.length === 0} onClick={() => void clean()}>
              {t('clean', { count: chosen.length })}
            </Button>
          )}
        </>
      }
    >
      <div className="flex min-h-40 flex-col gap-3">
        {error !== undefined && <ErrorNote error={error} title={t('cleanFailed')} />}
        {cleaned !== undefined && <Result cleaned={cleaned} />}
        {found.error !== null ? (
          <ErrorNote error={found.error} onRetry={() => void found.refetch()} />
        ) : found.data === undefined ? (
          <div role="status" className="flex flex-col gap-2 text-soft">
            {t('looking', { name: machine.name })}
            <SkeletonRows rows={4} />
          </div>
        ) : all.length === 0 ? (
          <EmptyState icon={Sparkles} title={t('noLeftovers')}>
            {t('noLeftoversText')}
          </EmptyState>
        ) : (
          <Found all={all} isChosen={isChosen} onToggle={toggle} />
        )}
      </div>
    </Dialog>
  )
}

function useCleaning(machine: Machine) {
  const found = useQuery({ ...panelQuery('machines.leftovers', { machine: machine.id }), staleTime: 0, gcTime: 0 })
  const [picked, setPicked] = useState<ReadonlySet<string>>()
  const [cleaned, setCleaned] = useState<Cleaned>()
  const [error, setError] = useState<unknown>()
  const [isBusy, setBusy] = useState(false)
  const all = found.data ?? []
  const isChosen = (leftover: Leftover) => picked?.has(keyOf(leftover)) ?? !runsNow(leftover)
  const chosen = all.filter(isChosen)
  const toggle = (leftovers: readonly Leftover[], isOn: boolean) => {
    const next = new Set(chosen.map(keyOf))
    for (const key of leftovers.map(keyOf)) {
      if (isOn) next.add(key)
      else next.delete(key)
    }
    setPicked(next)
  }
  const clean = async () => {
    setBusy(true)
    setError(undefined)
    try {
      setCleaned(await panel.call('machines.clean', { machine: machine.id, leftovers: chosen }))
      setPicked(undefined)
      checkMachines([machine]) // what is known of it is older than this
      await found.refetch()
    } catch (failure) {
      setError(failure)
    } finally {
      setBusy(false)
    }
  }
  return { found, all, chosen, isChosen, toggle, clean, cleaned, error, isBusy }
}

type FoundProps = {
  readonly all: readonly Leftover[]
  readonly isChosen: (leftover: Leftover) => boolean
  readonly onToggle: (leftovers: readonly Leftover[], isOn: boolean) => void
}

function Found({ all, isChosen, onToggle }: FoundProps) {
  const t = useText(messages)
  const format = useFormat()
  const count = all.filter(isChosen).length
  const size = all.filter(isChosen).reduce((sum, { sizeBytes }) => sum + (sizeBytes ?? 0), 0)
  return (
    <div className="overflow-x-auto rounded-lg border">
      <table className="w-full text-sm">
        <thead className="text-left text-faint">
          <tr>
            <th className="px-3 py-1 font-medium">
              <Checkbox
                label={t('all')}
                isLabelHidden
                isChecked={count === 0 ? false : count === all.length ? true : 'some'}
                onChange={(isOn) => onToggle(all, isOn)}
              />
            </th>
            <th className="px-3 py-1 font-medium">{t('kind')}</th>
            <th className="px-3 py-1 font-medium">{t('what')}</th>
            <th className="px-3 py-1 text-right font-medium">{t('size')}</th>
            <th className="px-3 py-1 font-medium">{t('since')}</th>
          </tr>
        </thead>
        <tbody>
          {all.map((leftover) => (
            <FoundRow key={keyOf(leftover)} leftover={leftover} isChosen={isChosen(leftover)} onToggle={onToggle} />
          ))}
        </tbody>
      </table>
      <p className="border-t px-3 py-1 text-sm text-soft">{t('chosen', { count, total: all.length, size: format.bytes(size) })}</p>
    </div>
  )
}

type FoundRowProps = Pick<FoundProps, 'onToggle'> & { readonly leftover: Leftover; readonly isChosen: boolean }

function FoundRow({ leftover, isChosen, onToggle }: FoundRowProps) {
  const t = useText(messages)
  const format = useFormat()
  const { kind, what, detail, sizeBytes, sinceMs } = leftover
  return (
    <tr className="border-t align-top">
      <td className="px-3 py-1">
        <Checkbox label={what} isLabelHidden isChecked={isChosen} onChange={(isOn) => onToggle([leftover], isOn)} />
      </td>
      <td className="px-3 py-1 whitespace-nowrap">{t(kind)}</td>
      <td className="px-3 py-1">
        <span className="font-mono break-all">{what}</span>
        {detail !== '' && <span className="block break-words text-soft">{detail}</span>}
      </td>
      <td className="px-3 py-1 text-right whitespace-nowrap tabular-nums">{sizeBytes === null ? '–' : format.bytes(sizeBytes)}</td>
      <td className="px-3 py-1 whitespace-nowrap">
        <Time atMs={sinceMs} />
      </td>
    </tr>
  )
}

function Result({ cleaned: { removed, kept } }: { readonly cleaned: Cleaned }) {
  const t = useText(messages)
  return (
    <div role="status" className="flex flex-col gap-2">
      <p className="flex items-center gap-2 font-medium">
        <Check size={14} aria-hidden className="text-good" />
        {t('removed', { count: removed.length })}
      </p>
      {kept.length > 0 && (
        <div className="rounded-md border border-warn-line bg-warn-soft px-3 py-2">
          <p className="font-medium text-warn">{t('kept', { count: kept.length })}</p>
          <ul className="mt-1 flex flex-col gap-1 text-sm">
            {kept.map(({ leftover, why }) => (
              <li key={keyOf(leftover)} className="break-words">
                <span className="font-mono">{leftover.what}</span> — {why}
              </li>
            ))}
          </ul>
        </div>
      )}
    </div>
  )
}
