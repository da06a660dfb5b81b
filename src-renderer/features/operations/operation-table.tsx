import type { Operation } from '../../../src-main/contract/operations.ts'
import { useText } from '../../i18n/messages.ts'
import { PathLink } from '../../navigation/link.tsx'
import { paths } from '../../navigation/paths.ts'
import { Duration, Time } from '../../ui/time.tsx'
import { messages } from './messages.ts'
import { countMachines } from './operation-model.ts'
import { useOperationTitle } from './operation-words.ts'
import { ProgressBar } from './progress-bar.tsx'
import { OperationRowActions } from './row-actions.tsx'
import { OperationState } from './state-badges.tsx'

const cell = 'px-3 py-2 align-top'

export function OperationTable({ operations }: { readonly operations: readonly Operation[] }) {
  const t = useText(messages)
  return (
    <div className="overflow-x-auto rounded-lg border bg-surface">
      <table className="w-full text-sm">
        <thead className="text-left text-faint">
          <tr className="border-b">
            {(['operation', 'state', 'machines', 'started', 'took'] as const).map((column) => (
              <th key={column} scope="col" className={`${cell} font-medium`}>
                {t(column)}
              </th>
            ))}
            <td />
          </tr>
        </thead>
        <tbody>
          {operations.map((operation) => (
            <OperationRow key={operation.id} operation={operation} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function OperationRow({ operation }: { readonly operation: Operation }) {
  const title = useOperationTitle()
  const { id, state, startedAtMs, endedAtMs, failure, machines } = operation
  return (
    <tr className="border-b last:border-b-0 hover:bg-hover">
      <td className={`${cell} w-full max-w-0 min-w-48`}>
        <PathLink to={paths.operation(id)} className="font-medium text-ink underline-offset-2 hover:underline">
          {title(operation)}
        </PathLink>
        <p className="truncate text-faint" title={machines.map(({ name }) => name).join(', ')}>
          {machines
            .slice(0, 6)
            .map(({ name }) => name)
            .join(', ')}
          {machines.length > 6 && ' …'}
        </p>
        {failure !== null && <p className="line-clamp-2 text-bad">{failure.message}</p>}
      </td>
      <td className={cell}>
        <OperationState state={state} />
      </td>
      <td className={`${cell} min-w-40`}>
        <MachinesOf operation={operation} />
      </td>
      <td className={`${cell} whitespace-nowrap`}>
        <Time atMs={startedAtMs} />
      </td>
      <td className={`${cell} whitespace-nowrap`}>
        <Duration fromMs={startedAtMs} toMs={endedAtMs} />
      </td>
      <td className={`${cell} w-0`}>
        <OperationRowActions operation={operation} />
      </td>
    </tr>
  )
}

function MachinesOf({ operation: { machines } }: { readonly operation: Operation }) {
  const t = useText(messages)
  const counts = countMachines(machines)
  const notes = [
    t('progress', { done: counts.done + counts.skipped, count: machines.length }),
    ...(counts.failed > 0 ? [t('failedCount', { count: counts.failed })] : []),
  ]
  return (
    <div className="flex flex-col gap-1">
      <ProgressBar machines={machines} />
      <span className="tabular-nums">{notes.join(' · ')}</span>
    </div>
  )
}
