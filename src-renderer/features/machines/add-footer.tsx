import { type ReactNode, useState } from 'react'
import { toast } from 'sonner'
import type { MachineSpec } from '../../../src-main/contract/machines.ts'
import { panel } from '../../api/panel.ts'
import { useText } from '../../i18n/messages.ts'
import { Button } from '../../ui/button.tsx'
import { ErrorNote } from '../../ui/error-note.tsx'
import { Checkbox } from '../../ui/field.tsx'
import { messages } from './add-messages.ts'
import { checkMachines } from './checking.ts'

type AddFooterProps = {
  readonly specs: readonly MachineSpec[]
  readonly isReady?: boolean
  readonly note?: ReactNode
  /** Submits this form, so that Enter in it does the same. */
  readonly form: string
}

/** The last line of every way to add machines: how many, and whether they are looked at right away. It stays in sight. */
export function AddFooter({ specs, isReady = true, note, form, ...adding }: AddFooterProps & Adding) {
  const t = useText(messages)
  const { isBusy, error, isChecked, setChecked } = adding
  return (
    <div className="sticky -bottom-3 z-10 -mx-4 mt-auto -mb-3 flex flex-col gap-2 rounded-b-lg border-t bg-surface px-4 py-3">
      {error !== undefined && <ErrorNote error={error} title={t('notAdded')} />}
      <div className="flex flex-wrap items-center justify-end gap-x-4 gap-y-2">
        <div role="status" className="mr-auto min-w-0 text-sm text-soft">
          {note}
        </div>
        <Checkbox label={t('checkNow')} isChecked={isChecked} onChange={setChecked} />
        <Button type="submit" form={form} variant="primary" isBusy={isBusy} disabled={!isReady || specs.length === 0}>
          {t('add', { count: specs.length })}
        </Button>
      </div>
    </div>
  )
}

type Adding = {
  readonly isBusy: boolean
  readonly error: unknown
  readonly isChecked: boolean
  readonly setChecked: (isChecked: boolean) => void
}

/** Puts machines on the list, and has them looked at where that is wanted. */
export function useAdding(onAdded: () => void): Adding & { readonly add: (specs: readonly MachineSpec[]) => void } {
  const t = useText(messages)
  const [isChecked, setChecked] = useState(true)
  const [isBusy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  const put = async (specs: readonly MachineSpec[]) => {
    setBusy(true)
    setError(undefined)
    try {
      const added = await panel.call('machines.add', { machines: [...specs] })
      if (isChecked) checkMachines(added)
      toast.success(t('added', { count: added.length }))
      onAdded()
    } catch (failure) {
      setError(failure)
      setBusy(false)
    }
  }
  return { isBusy, error, isChecked, setChecked, add: (specs) => void put(specs) }
}
