import type { Operation } from '../../../src-main/contract/operations.ts'
import { useText } from '../../i18n/messages.ts'
import { messages } from './messages.ts'
import { progressOf } from './operation-model.ts'

/** How far it is over all machines; what stands still is marked. */
export function ProgressBar({ machines }: Pick<Operation, 'machines'>) {
  const t = useText(messages)
  const { done, failed, cancelled } = progressOf(machines)
  return (
    <span
      role="progressbar"
      aria-label={t('steps')}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(done * 100)}
      className="flex h-2 overflow-hidden rounded-full bg-sunken"
    >
      <span className="h-full bg-good" style={{ width: `${done * 100}%` }} />
      <span className="h-full bg-bad" style={{ width: `${failed * 100}%` }} />
      <span className="h-full bg-idle" style={{ width: `${cancelled * 100}%` }} />
    </span>
  )
}
