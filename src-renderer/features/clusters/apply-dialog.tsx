import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { toast } from 'sonner'
import type { Output } from '../../../src-main/contract/panel.ts'
import { panel, panelQuery } from '../../api/panel.ts'
import { useText } from '../../i18n/messages.ts'
import { paths } from '../../navigation/paths.ts'
import { useGo } from '../../navigation/use-navigation.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { ErrorNote } from '../../ui/error-note.tsx'
import { Field, TextArea, TextInput } from '../../ui/field.tsx'
import { FileButton } from '../../entities/file-button.tsx'
import { messages } from './messages.ts'
import { useDebounced } from '../../entities/use-debounced.ts'

/** A cluster.yaml: pasted, compared with what is, and applied. */
export function ApplyDialog({ onClose }: { readonly onClose: () => void }) {
  const t = useText(messages)
  const go = useGo()
  const [yaml, setYaml] = useState('')
  const [isBusy, setBusy] = useState(false)
  const [failure, setFailure] = useState<unknown>()
  const settled = useDebounced(yaml)
  const isGiven = settled.trim() !== ''
  const plan = useQuery({ ...panelQuery('clusters.planApply', { yaml: settled }), enabled: isGiven, staleTime: 0 })
  const [typed, setTyped] = useState('')
  // What takes machines away is said twice.
  const mustType = (plan.data?.remove.length ?? 0) > 0
  const isTyped = !mustType || typed.trim() === plan.data?.name
  const isCurrent = settled === yaml && isGiven && plan.data !== undefined && !plan.isError
  const apply = async () => {
    setBusy(true)
    try {
      const { operationIds } = await panel.call('clusters.apply', { yaml })
      const [first] = operationIds
      onClose()
      if (first !== undefined) go(paths.operation(first))
      else toast.success(t('applied', { name: plan.data?.name ?? '' }))
    } catch (error) {
      setFailure(error)
      setBusy(false)
    }
  }
  return (
    <Dialog
      title={t('applyTitle')}
      description={t('applyText')}
      isOpen
      onClose={onClose}
      footer={
        <Button variant="primary" isBusy={isBusy} disabled={!isCurrent || !isTyped} onClick={() => void apply()}>
          {t('apply')}
        </Button>
      }
    >
      <div className="flex flex-col gap-3">
        <Field label={t('fileLabel')}>
          {(control) => (
            <TextArea {...control} rows={12} value={yaml} onChange={(event) => setYaml(event.target.value)} className="font-mono text-sm" />
          )}
        </Field>
        <div>
          <FileButton label={t('chooseFile')} accept=".yaml,.yml,text/yaml" onText={setYaml} />
        </div>
        {isGiven &&
          (plan.isError ? (
            <ErrorNote error={plan.error} />
          ) : plan.data === undefined ? (
            <p>{t('reading')}</p>
          ) : (
            <Changes plan={plan.data} />
          ))}
        {isCurrent && mustType && (
          <Field label={t('typeName', { name: plan.data.name })}>
            {(control) => <TextInput {...control} value={typed} onChange={(event) => setTyped(event.target.value)} />}
          </Field>
        )}
        {failure !== undefined && <ErrorNote error={failure} />}
      </div>
    </Dialog>
  )
}

function Changes({ plan }: { readonly plan: Output<'clusters.planApply'> }) {
  const t = useText(messages)
  const { name, exists, spec, add, remove, machinesToAdd, notes } = plan
  const names = (list: readonly string[]) => (list.length > 12 ? `${list.slice(0, 12).join(', ')} …` : list.join(', '))
  const lines = [
    exists ? t('applyKnown', { name }) : t('applyNew', { name, count: add.length }),
    ...(exists
      ? []
      : [...(spec.engine === 'ray' ? [t('engineIsRay')] : []), t('head', { name: spec.head }), t('service', { service: spec.service })]),
    ...(machinesToAdd.length > 0
      ? [t('applyMachines', { count: machinesToAdd.length, names: names(machinesToAdd.map((machine) => machine.name)) })]
      : []),
    ...(exists && add.length > 0 ? [t('applyAdd', { count: add.length, names: names(add) })] : []),
    ...(remove.length > 0 ? [t('applyRemove', { count: remove.length, names: names(remove) })] : []),
    ...notes,
    ...(exists && add.length + remove.length + notes.length === 0 ? [t('applyNothing')] : []),
  ]
  return (
    <ul className="flex list-disc flex-col gap-1 rounded-md border py-2 pr-3 pl-7">
      {lines.map((line) => (
        <li key={line}>{line}</li>
      ))}
    </ul>
  )
}
