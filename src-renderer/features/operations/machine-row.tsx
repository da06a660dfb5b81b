import { Ban, ChevronDown, ChevronRight, RotateCw } from 'lucide-react'
import { memo } from 'react'
import type { MachineRun } from '../../../src-main/contract/operations.ts'
import { useText } from '../../i18n/messages.ts'
import { IconButton } from '../../ui/button.tsx'
import { Duration } from '../../ui/time.tsx'
import { messages } from './messages.ts'
import { cancelOperation, retryOperation } from './operation-actions.ts'
import { isWell, presentStep, spanOf } from './operation-model.ts'
import { useStepWord } from './operation-words.ts'
import { MachineState } from './state-badges.tsx'
import { StepCell, stepGrid } from './step-cell.tsx'
import { StepList } from './step-list.tsx'

type MachineRowProps = {
  readonly operationId: string
  readonly machine: MachineRun
  readonly columns: readonly string[]
  readonly isOpen: boolean
  readonly onToggle: () => void
  readonly canRetry: boolean
  readonly canCancel: boolean
}

/** One machine: its steps side by side, and below each other when it is unfolded. */
export const MachineRow = memo(function MachineRow(props: MachineRowProps) {
  const { machine, columns, isOpen, onToggle } = props
  const t = useText(messages)
  const Chevron = isOpen ? ChevronDown : ChevronRight
  const { fromMs, toMs } = spanOf(machine)
  return (
    <div className="border-b [li:last-child>&]:border-b-0">
      <div className="grid items-center gap-1 px-2 py-1 text-sm hover:bg-hover" style={stepGrid(columns)}>
        <button
          type="button"
          aria-expanded={isOpen}
          onClick={onToggle}
          className="flex min-h-7 min-w-0 items-center gap-1 rounded-md text-left"
        >
          <Chevron size={14} aria-hidden className="shrink-0 text-faint" />
          <span className="truncate font-medium" title={machine.name}>
            {machine.name}
          </span>{' '}
          {machine.role === 'head' && <span className="text-xs text-faint">{t('head')}</span>}
        </button>
        <Track machine={machine} columns={columns} />
        <span className="flex min-w-0 flex-col items-start">
          <MachineState state={machine.state} />
        </span>
        <span className="flex items-center justify-end gap-1">
          <span className="text-xs text-faint">
            <Duration fromMs={fromMs} toMs={toMs} />
          </span>
          <RowAction {...props} />
        </span>
      </div>
      {machine.failure !== null && !isOpen && (
        <div className="px-2 pb-1 pl-7">
          <p className="line-clamp-2 text-sm text-bad" title={machine.failure.message}>
            {machine.failure.message}
          </p>
        </div>
      )}
      {isOpen && <StepList machine={machine} />}
    </div>
  )
})

function Track({ machine, columns }: { readonly machine: MachineRun; readonly columns: readonly string[] }) {
  const t = useText(messages)
  const word = useStepWord()
  const { name, steps, state } = machine
  const now = presentStep(machine)
  const words = [
    t('stepsOf', { name, done: steps.filter((step) => isWell(step.state)).length, count: steps.length }),
    ...(now === undefined ? [] : [t(state === 'running' ? 'nowAt' : 'stoppedAt', { step: word(now) })]),
  ]
  return (
    <>
      <span className="sr-only">{words.join(', ')}</span>
      {columns.map((id) => (
        <StepCell key={id} step={steps.find((step) => step.id === id)} />
      ))}
    </>
  )
}

function RowAction({ operationId, machine, canRetry, canCancel }: MachineRowProps) {
  const t = useText(messages)
  const { machineId, name, state } = machine
  if (canRetry && (state === 'failed' || state === 'cancelled'))
    return (
      <IconButton size="sm" label={`${t('retry')}: ${name}`} icon={RotateCw} onClick={() => void retryOperation(operationId, machineId)} />
    )
  if (canCancel && (state === 'running' || state === 'waiting'))
    return (
      <IconButton size="sm" label={`${t('cancel')}: ${name}`} icon={Ban} onClick={() => void cancelOperation(operationId, machineId)} />
    )
  return <span className="size-6" />
}
