import type { Step, StepState } from '../../../src-main/contract/operations.ts'
import { type Format, useFormat } from '../../i18n/format.ts'
import { type Translate, useText } from '../../i18n/messages.ts'
import { classNames } from '../../ui/class-names.ts'
import { Duration } from '../../ui/time.tsx'
import { messages } from './messages.ts'
import { useStepWord } from './operation-words.ts'
import { stepIcons } from './state-badges.tsx'

/** Name, a column for each step, state and what may be done. */
export const stepGrid = (columns: readonly string[]) => ({
  gridTemplateColumns: `minmax(120px, 200px) repeat(${columns.length}, minmax(28px, 1fr)) 112px 84px`,
})

const looks: Readonly<Record<StepState, string>> = {
  waiting: 'text-faint',
  running: 'bg-info-soft text-info',
  done: 'bg-good-soft text-good',
  skipped: 'bg-sunken text-faint',
  failed: 'bg-bad-soft text-bad font-medium',
  cancelled: 'bg-sunken text-idle',
}

/** `12 of 40.3 MiB`; empty for what does not count. */
export function progressText(progress: Step['progress'], format: Format, t: Translate<keyof (typeof messages)['en']>): string {
  if (progress === null) return ''
  const { done, total, unit } = progress
  const say = (amount: number) => (unit === 'bytes' ? format.bytes(amount) : format.number(amount))
  return t('ofBytes', { done: say(done), total: say(total) })
}

/** One step of one machine, as small as it can be read. A machine without that step has a gap there. */
export function StepCell({ step }: { readonly step: Step | undefined }) {
  const t = useText(messages)
  const format = useFormat()
  const word = useStepWord()
  if (step === undefined) return <span aria-hidden />
  const { state, progress, note, startedAtMs, endedAtMs } = step
  const Icon = stepIcons[state]
  const isTimed = startedAtMs !== null && state !== 'waiting'
  const told = [word(step), t(state), progressText(state === 'running' ? progress : null, format, t), note ?? ''].filter(
    (text) => text !== '',
  )
  return (
    <span
      aria-hidden
      title={told.join(' · ')}
      className={classNames('@container relative h-6 overflow-hidden rounded-[4px]', looks[state])}
    >
      {state === 'running' && progress !== null && progress.total > 0 && (
        <span
          className="absolute bottom-0 left-0 h-0.5 bg-info"
          style={{ width: `${Math.min(100, (progress.done / progress.total) * 100)}%` }}
        />
      )}
      <span className="relative flex h-full items-center justify-center gap-1 text-xs">
        <Icon size={12} className={classNames('shrink-0', state === 'running' && 'animate-spin')} />
        {isTimed && (
          <span className="hidden @min-[52px]:inline">
            <Duration fromMs={startedAtMs} toMs={endedAtMs} />
          </span>
        )}
      </span>
    </span>
  )
}
