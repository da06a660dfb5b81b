import { LoaderCircle } from 'lucide-react'
import type { Operation } from '../../../src-main/contract/operations.ts'
import { PathLink } from '../../navigation/link.tsx'
import { paths } from '../../navigation/paths.ts'
import { Meter } from '../../ui/meter.tsx'
import { Duration } from '../../ui/time.tsx'

/** Part of all steps of all machines that are through. */
const partDone = ({ machines }: Operation): number => {
  const steps = machines.flatMap((machine) => machine.steps)
  return steps.length === 0 ? 0 : steps.filter(({ state }) => state !== 'waiting' && state !== 'running').length / steps.length
}

export function RunningOperations({ operations, label }: { readonly operations: readonly Operation[]; readonly label: string }) {
  if (operations.length === 0) return null
  return (
    <ul aria-label={label} className="mb-4 divide-y rounded-lg border border-info-line bg-info-soft">
      {operations.map((operation) => (
        <li key={operation.id} className="flex items-center gap-3 px-4 py-1.5">
          <LoaderCircle size={14} aria-hidden className="animate-spin text-info" />
          <PathLink to={paths.operation(operation.id)} className="min-w-0 flex-1 truncate text-ink underline-offset-2 hover:underline">
            {operation.title}
          </PathLink>
          <Meter value={partDone(operation)} tone="info" label={operation.title} className="w-32 bg-surface" />
          <span className="w-16 text-right text-sm text-soft">
            <Duration fromMs={operation.startedAtMs} />
          </span>
        </li>
      ))}
    </ul>
  )
}
