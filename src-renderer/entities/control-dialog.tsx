import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { toast } from 'sonner'
import { useWhyNot } from '../api/capabilities.ts'
import { useText } from '../i18n/messages.ts'
import { ConfirmDialog } from '../ui/confirm-dialog.tsx'
import { ErrorNote } from '../ui/error-note.tsx'
import { Checkbox, Field, TextInput } from '../ui/field.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import {
  type Control,
  type ControlOptions,
  type ControlTarget,
  controlAll,
  controls,
  lookAtRadius,
  type Radius,
} from './control-actions.ts'
import { messages } from './messages.ts'

type Asked = { readonly action: Control; readonly targets: readonly ControlTarget[] }

/**
 * For stopping, cancelling, killing and draining: `ask` opens a dialog that first says what would end with it, `dialog` is what the page
 * renders. `cluster` is its id. More than a few at once, and any node, must be confirmed by typing.
 */
export function useControl(cluster: string): {
  readonly ask: (action: Control, targets: readonly ControlTarget[]) => void
  /** Why this head cannot do it; undefined: it can. */
  readonly whyNot: (action: Control) => string | undefined
  readonly dialog: ReactNode
} {
  const [asked, setAsked] = useState<Asked | null>(null)
  const whyNot = useWhyNot(cluster)
  return {
    ask: (action, targets) => targets.length > 0 && setAsked({ action, targets }),
    whyNot: (action) => (action === 'stopJob' ? undefined : whyNot('control')),
    dialog: asked && <ControlDialog cluster={cluster} asked={asked} onClose={() => setAsked(null)} />,
  }
}

const firstOptions: ControlOptions = { force: false, recursive: true, noRestart: true, withinMs: 0 }
const manyAtOnce = 10

function ControlDialog({ cluster, asked, onClose }: { readonly cluster: string; readonly asked: Asked; readonly onClose: () => void }) {
  const t = useText(messages)
  const { action, targets } = asked
  const [options, setOptions] = useState(firstOptions)
  const [first] = targets
  const title =
    targets.length === 1
      ? `${t(controls[action].one)}: ${first?.name.slice(0, 120) ?? ''}`
      : t(controls[action].many, { count: targets.length })
  const radius = useQuery({
    queryKey: ['radius', cluster, action, targets.map(({ id }) => id), options.recursive],
    queryFn: () => lookAtRadius(cluster, action, { targets, options }),
  })
  const confirm = async () => {
    const { done, messages: said, failures } = await controlAll(cluster, action, { targets, options })
    const [failure] = failures
    if (failure !== undefined) throw new Error(t('failures', { count: failures.length, first: failure }))
    toast.success(done === 1 ? (said[0] ?? t('done', { done })) : t('done', { done }))
  }
  const isLarge = action === 'drainNode' ? targets.length > 1 : targets.length > manyAtOnce
  return (
    <ConfirmDialog
      title={title}
      isOpen
      onClose={onClose}
      onConfirm={confirm}
      confirmLabel={targets.length === 1 ? t(controls[action].one) : t(controls[action].many, { count: targets.length })}
      {...(isLarge && { typeToConfirm: String(targets.length) })}
    >
      {radius.isPending ? (
        <p className="flex flex-col gap-2 text-soft">
          {t('looking')}
          <Skeleton className="h-4" />
        </p>
      ) : radius.isError ? (
        <ErrorNote error={radius.error} />
      ) : (
        <RadiusList radius={radius.data} />
      )}
      <Options action={action} options={options} onChange={setOptions} />
    </ConfirmDialog>
  )
}

function RadiusList({ radius }: { readonly radius: Radius }) {
  const t = useText(messages)
  const kinds = ['nodes', 'jobs', 'actors', 'groups', 'workers', 'tasks', 'objects'] as const
  const counted = kinds.filter((kind) => (radius.counts[kind] ?? 0) > 0)
  return (
    <div>
      <p className="font-medium">{counted.length === 0 ? t('endsNothing') : t('endsToo')}</p>
      <ul className="mt-1 list-disc pl-5">
        {counted.map((kind) => (
          <li key={kind}>
            {t(kind, { count: radius.counts[kind] ?? 0 })}
            {radius.isPartial && '+'}
          </li>
        ))}
      </ul>
      {radius.notes.map((note) => (
        <p key={note} className="mt-1 text-soft">
          {note}
        </p>
      ))}
    </div>
  )
}

type OptionsProps = { readonly action: Control; readonly options: ControlOptions; readonly onChange: (options: ControlOptions) => void }

function Options({ action, options, onChange }: OptionsProps) {
  const t = useText(messages)
  const set = (part: Partial<ControlOptions>) => onChange({ ...options, ...part })
  if (action === 'cancelTask')
    return (
      <div className="flex flex-col gap-1">
        <Checkbox label={t('recursive')} isChecked={options.recursive} onChange={(recursive) => set({ recursive })} />
        <Checkbox label={t('force')} isChecked={options.force} onChange={(force) => set({ force })} />
      </div>
    )
  if (action === 'killActor')
    return <Checkbox label={t('noRestart')} isChecked={options.noRestart} onChange={(noRestart) => set({ noRestart })} />
  if (action === 'drainNode')
    return (
      <Field label={t('drainWithin')}>
        {(control) => (
          <TextInput
            {...control}
            type="number"
            min={0}
            max={2_592_000}
            value={options.withinMs / 1_000}
            onChange={(event) => set({ withinMs: Math.max(0, Number(event.target.value) || 0) * 1_000 })}
          />
        )}
      </Field>
    )
  return null
}
