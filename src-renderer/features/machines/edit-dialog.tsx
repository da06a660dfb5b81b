import { useMemo, useState } from 'react'
import type { Machine } from '../../../src-main/contract/machines.ts'
import { useClusters, useMachines } from '../../api/live-things.ts'
import { panel } from '../../api/panel.ts'
import { useText } from '../../i18n/messages.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { ErrorNote } from '../../ui/error-note.tsx'
import { FormFields } from './form-fields.tsx'
import { messages } from './form-messages.ts'
import { changesOf, formOf, problemsOf } from './form-model.ts'
import { useKnownLabels } from './use-known-labels.ts'

type EditDialogProps = {
  readonly machine: Machine
  readonly onClose: () => void
  /** It may be called otherwise now. */
  readonly onSaved?: (machine: Machine) => void
}

export function EditDialog({ machine, onClose, onSaved }: EditDialogProps) {
  const t = useText(messages)
  const [form, setForm] = useState(() => formOf(machine))
  const [isBusy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  const labels = useKnownLabels()
  const { values } = useMachines()
  const clusters = useClusters().values
  const isLocal = machine.via === 'local'
  const others = useMemo(
    () => new Set(values.filter(({ id }) => id !== machine.id).map(({ name }) => name.toLowerCase())),
    [values, machine.id],
  )
  const problems = problemsOf(form, { others, isLocal })
  const save = async () => {
    const { changes, unset } = changesOf(machine, form)
    setBusy(true)
    try {
      const isNothing = Object.keys(changes).length === 0 && unset.length === 0
      const saved = isNothing ? machine : await panel.call('machines.update', { machine: machine.id, changes, unset })
      onSaved?.(saved)
      onClose()
    } catch (failure) {
      setError(failure)
      setBusy(false)
    }
  }
  const cluster = clusters.find(({ id }) => id === machine.clusterId)
  return (
    <Dialog
      title={t('edit', { name: machine.name })}
      description={cluster ? t('editInCluster', { cluster: cluster.name }) : isLocal ? undefined : t('reconnects')}
      isOpen
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t('cancel')}</Button>
          <Button type="submit" form="edit-machine" variant="primary" isBusy={isBusy} disabled={Object.keys(problems).length > 0}>
            {t('save')}
          </Button>
        </>
      }
    >
      <form
        id="edit-machine"
        className="flex flex-col gap-3"
        onSubmit={(event) => {
          event.preventDefault()
          void save()
        }}
      >
        {error !== undefined && <ErrorNote error={error} />}
        <FormFields form={form} problems={problems} onChange={setForm} isLocal={isLocal} {...labels} />
      </form>
    </Dialog>
  )
}
