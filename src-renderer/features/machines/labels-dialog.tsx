import { useState } from 'react'
import type { Machine } from '../../../src-main/contract/machines.ts'
import { panel } from '../../api/panel.ts'
import { useText } from '../../i18n/messages.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { ErrorNote } from '../../ui/error-note.tsx'
import { Field, TextInput } from '../../ui/field.tsx'
import { messages } from './form-messages.ts'
import { listIn } from './form-model.ts'
import { useKnownLabels } from './use-known-labels.ts'

type LabelsDialogProps = { readonly machines: readonly Machine[]; readonly onClose: () => void }
const fields = ['addGroups', 'dropGroups', 'addTags', 'dropTags'] as const
type LabelField = (typeof fields)[number]
type Written = Readonly<Record<LabelField, string>>

/** Puts many machines into groups and out of them, and the same with tags. */
export function LabelsDialog({ machines, onClose }: LabelsDialogProps) {
  const t = useText(messages)
  const [written, setWritten] = useState<Written>({ addGroups: '', dropGroups: '', addTags: '', dropTags: '' })
  const [done, setDone] = useState<number>()
  const [error, setError] = useState<unknown>()
  const isBusy = done !== undefined && error === undefined
  const save = async () => {
    setError(undefined)
    try {
      for (const [index, machine] of machines.entries()) {
        setDone(index)
        await panel.call('machines.update', { machine: machine.id, changes: changedLabels(machine, written) })
      }
      onClose()
    } catch (failure) {
      setError(failure)
    }
  }
  return (
    <Dialog
      title={t('labelsTitle', { count: machines.length })}
      description={machines.length === 1 ? machines[0]?.name : undefined}
      isOpen
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t('cancel')}</Button>
          <Button
            type="submit"
            form="labels"
            variant="primary"
            isBusy={isBusy}
            disabled={fields.every((field) => written[field].trim() === '')}
          >
            {t('save')}
          </Button>
        </>
      }
    >
      <form
        id="labels"
        className="grid gap-x-4 gap-y-3 sm:grid-cols-2"
        onSubmit={(event) => {
          event.preventDefault()
          void save()
        }}
      >
        <LabelFields written={written} onChange={setWritten} />
      </form>
      {error !== undefined && (
        <div className="mt-3">
          <ErrorNote error={error} title={t('labelsDone', { done: done ?? 0, count: machines.length })} />
        </div>
      )}
    </Dialog>
  )
}

function LabelFields({ written, onChange }: { readonly written: Written; readonly onChange: (written: Written) => void }) {
  const t = useText(messages)
  const labels = useKnownLabels()
  return fields.map((field) => {
    const isGroups = field === 'addGroups' || field === 'dropGroups'
    return (
      <Field key={field} label={t(field)} hint={isGroups ? t('groupsHint') : t('commas')}>
        {(control) => (
          <>
            <TextInput
              {...control}
              list={`${control.id}-known`}
              value={written[field]}
              onChange={(event) => onChange({ ...written, [field]: event.target.value })}
            />
            <datalist id={`${control.id}-known`}>
              {(isGroups ? labels.groups : labels.tags).map((label) => (
                <option key={label} value={label} />
              ))}
            </datalist>
          </>
        )}
      </Field>
    )
  })
}

function changedLabels({ groups, tags }: Machine, written: Written) {
  const changed = (before: readonly string[], added: string, dropped: string) => {
    const gone = new Set(listIn(dropped))
    return [...new Set([...before, ...listIn(added)])].filter((each) => !gone.has(each))
  }
  return { groups: changed(groups, written.addGroups, written.dropGroups), tags: changed(tags, written.addTags, written.dropTags) }
}
