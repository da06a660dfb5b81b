import { ChevronDown, ChevronRight } from 'lucide-react'
import { useState } from 'react'
import type { MachineRun, Step } from '../../../src-main/contract/operations.ts'
import { useFormat } from '../../i18n/format.ts'
import { useText } from '../../i18n/messages.ts'
import { Button } from '../../ui/button.tsx'
import { classNames } from '../../ui/class-names.ts'
import { CodeBlock } from '../../ui/code-block.tsx'
import { ErrorNote } from '../../ui/error-note.tsx'
import { Duration } from '../../ui/time.tsx'
import { messages } from './messages.ts'
import { stepTones } from './operation-words.ts'
import { stepIcons } from './state-badges.tsx'
import { progressText } from './step-cell.tsx'
import { textTones } from '../../ui/badge.tsx'

/** Every step of one machine, with its command and its log. */
export function StepList({ machine }: { readonly machine: MachineRun }) {
  const t = useText(messages)
  if (machine.steps.length === 0) return <p className="px-7 pb-2 text-soft">{t('noSteps')}</p>
  return (
    <div className="flex flex-col gap-2 px-2 pb-3 pl-7">
      {machine.failure !== null && <ErrorNote error={machine.failure} />}
      <ol className="divide-y rounded-md border">
        {machine.steps.map((step) => (
          <StepItem key={step.id} step={step} />
        ))}
      </ol>
    </div>
  )
}

function StepItem({ step }: { readonly step: Step }) {
  const t = useText(messages)
  const format = useFormat()
  const { title, state, startedAtMs, endedAtMs, note, progress } = step
  const Icon = stepIcons[state]
  const amount = progressText(progress, format, t)
  return (
    <li className="flex flex-col gap-1 px-3 py-1.5">
      <div className="flex flex-wrap items-center gap-x-3">
        <span className={classNames('flex w-20 items-center gap-1 text-sm', textTones[stepTones[state]])}>
          <Icon size={14} aria-hidden className={state === 'running' ? 'animate-spin' : undefined} />
          {t(state)}
        </span>
        <span className={classNames('min-w-0 flex-1', state === 'waiting' && 'text-soft')}>
          {title}
          {note !== null && <span className="text-soft"> — {note}</span>}
        </span>
        {amount !== '' && <span className="text-sm text-soft tabular-nums">{amount}</span>}
        <span className="w-16 text-right text-sm text-soft" title={startedAtMs === null ? undefined : format.time(startedAtMs)}>
          <Duration fromMs={startedAtMs} toMs={endedAtMs} />
        </span>
      </div>
      <StepTexts step={step} />
    </li>
  )
}

type Opened = 'log' | 'command' | null

function StepTexts({ step: { title, command, log, state } }: { readonly step: Step }) {
  const t = useText(messages)
  const [opened, setOpened] = useState<Opened | undefined>()
  const shown = opened !== undefined ? opened : state === 'failed' || state === 'running' ? 'log' : null
  if (command === null && log === '') return null
  const toggle = (what: 'log' | 'command', name: string) => (
    <Button
      size="sm"
      variant="quiet"
      icon={shown === what ? ChevronDown : ChevronRight}
      aria-expanded={shown === what}
      aria-label={name}
      onClick={() => setOpened(shown === what ? null : what)}
    >
      {t(what)}
    </Button>
  )
  return (
    <div className="-mt-0.5 flex flex-col gap-1 pl-[84px]">
      <div className="flex gap-1">
        {log !== '' && toggle('log', t('logOf', { step: title }))}
        {command !== null && toggle('command', t('commandOf', { step: title }))}
      </div>
      {shown === 'log' && log !== '' && <CodeBlock text={log.trimEnd()} label={t('logOf', { step: title })} isWrapped />}
      {shown === 'command' && command !== null && <CodeBlock text={command} label={t('commandOf', { step: title })} />}
    </div>
  )
}
