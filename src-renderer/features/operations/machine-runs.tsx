import { useMemo } from 'react'
import type { MachineRun, Operation } from '../../../src-main/contract/operations.ts'
import { useText } from '../../i18n/messages.ts'
import { Button } from '../../ui/button.tsx'
import { Segmented } from '../../ui/field.tsx'
import { VirtualList } from '../../ui/virtual-list.tsx'
import { MachineRow } from './machine-row.tsx'
import { messages } from './messages.ts'
import { countMachines, type Shown, shownMachines, stepColumns, withLogs } from './operation-model.ts'
import { useStepWord } from './operation-words.ts'
import { ProgressBar } from './progress-bar.tsx'
import { stepGrid } from './step-cell.tsx'

type MachineRunsProps = {
  readonly operation: Operation
  /** The same with commands and logs, as of some seconds ago. */
  readonly whole: Operation | undefined
  /** Machines whose steps are unfolded. */
  readonly open: ReadonlySet<string>
  readonly onOpen: (ids: string[]) => void
  readonly shown: Shown
  readonly onShown: (shown: Shown) => void
}

const rowHeight = 37
/** More of them at once are not read by anybody. */
const openAtOnce = 40

export function MachineRuns(props: MachineRunsProps) {
  const { operation, whole, open, onOpen } = props
  const t = useText(messages)
  const columns = useMemo(() => stepColumns(operation.machines), [operation.machines])
  const logsOf = useMemo(() => new Map(whole?.machines.map((machine) => [machine.machineId, machine])), [whole])
  const rows = shownMachines(operation, props.shown)
  const isAlone = operation.machines.length === 1
  const isOpen = (id: string) => (isAlone ? !open.has(id) : open.has(id)) // one alone is unfolded until it is closed
  const toggle = (id: string) => onOpen(open.has(id) ? [...open].filter((each) => each !== id) : [...open, id])
  return (
    <section aria-label={t('machines')} className="rounded-lg border bg-surface">
      <Summary {...props} />
      <div className="overflow-x-auto">
        <div className="min-w-[640px]">
          <HeaderRow machines={operation.machines} columns={columns} />
          <VirtualList
            label={t('machines')}
            items={rows}
            keyOf={({ machineId }) => machineId}
            rowHeight={rowHeight}
            renderRow={(machine) => (
              <MachineRow
                operationId={operation.id}
                machine={isOpen(machine.machineId) ? withLogs(machine, logsOf.get(machine.machineId)) : machine}
                columns={columns}
                isOpen={isOpen(machine.machineId)}
                onToggle={() => toggle(machine.machineId)}
                canRetry={operation.state !== 'done'}
                canCancel={operation.state === 'running' && !isAlone}
              />
            )}
          />
        </div>
      </div>
      {rows.length === 0 && (
        <p className="flex items-center gap-3 px-4 py-3 text-soft">
          {t('noneShown')}
          <Button size="sm" onClick={() => props.onShown('all')}>
            {t('showAll')}
          </Button>
        </p>
      )}
    </section>
  )
}

function Summary({ operation, open, onOpen, shown, onShown }: MachineRunsProps) {
  const t = useText(messages)
  const counts = countMachines(operation.machines)
  const done = counts.done + counts.skipped
  const options: { value: Shown; count: number; word: string }[] = [
    { value: 'all', count: operation.machines.length, word: t('all') },
    { value: 'failed', count: counts.failed + counts.cancelled, word: t('showFailed') },
    { value: 'running', count: counts.running, word: t('showRunning') },
    { value: 'waiting', count: counts.waiting, word: t('showWaiting') },
    { value: 'done', count: done, word: t('showDone') },
  ]
  const ids = operation.machines.map(({ machineId }) => machineId)
  if (ids.length === 1) return null
  return (
    <header className="flex flex-col gap-2 border-b px-4 py-3">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <div role="status" className="flex-1">
          <h2 className="font-semibold tabular-nums">
            {t('progress', { done, count: operation.machines.length })}
            {counts.failed > 0 && <span className="ml-2 font-normal text-bad">{t('failedCount', { count: counts.failed })}</span>}
          </h2>
        </div>
        <Segmented
          label={t('show')}
          options={options
            .filter(({ value, count }) => value === 'all' || value === shown || count > 0)
            .map(({ value, count, word }) => ({ value, label: `${word} ${count}` }))}
          value={shown}
          onChange={onShown}
        />
        {ids.length <= openAtOnce && (
          <Button size="sm" variant="quiet" aria-expanded={open.size > 0} onClick={() => onOpen(open.size > 0 ? [] : ids)}>
            {open.size > 0 ? t('collapseAll') : t('expandAll')}
          </Button>
        )}
      </div>
      <ProgressBar machines={operation.machines} />
    </header>
  )
}

function HeaderRow({ machines, columns }: { readonly machines: readonly MachineRun[]; readonly columns: readonly string[] }) {
  const word = useStepWord()
  const titleOf = (id: string) => machines.flatMap(({ steps }) => steps.find((step) => step.id === id) ?? [])[0]?.title ?? id
  return (
    <div aria-hidden className="grid items-center gap-1 border-b px-2 py-1 text-xs text-faint" style={stepGrid(columns)}>
      <span />
      {columns.map((id) => (
        <span key={id} className="truncate px-1" title={titleOf(id)}>
          {word({ id, title: titleOf(id) })}
        </span>
      ))}
    </div>
  )
}
