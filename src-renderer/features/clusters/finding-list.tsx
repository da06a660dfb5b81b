import { Check, CircleX, type LucideIcon, TriangleAlert } from 'lucide-react'
import type { Finding } from '../../../src-main/contract/machines.ts'
import { useText } from '../../i18n/messages.ts'
import { textTones, type Tone } from '../../ui/badge.tsx'
import { classNames } from '../../ui/class-names.ts'
import { CopyButton } from '../../ui/copy-id.tsx'
import { fixCommandOf } from './fix-command.ts'
import { messages } from './new-messages.ts'

type Place = { readonly user: string; readonly host: string }
type FindingListProps = { readonly findings: readonly Finding[]; readonly place: Place }

const looks: Readonly<Record<Finding['level'], { readonly icon: LucideIcon; readonly tone: Tone }>> = {
  ok: { icon: Check, tone: 'good' },
  warning: { icon: TriangleAlert, tone: 'warn' },
  blocker: { icon: CircleX, tone: 'bad' },
}

/** What was found on a machine, and what to do about it. */
export const FindingList = ({ findings, place }: FindingListProps) => (
  <ul className="flex flex-col gap-1">
    {findings.map((finding, index) => (
      // Several may be of one kind, such as two ports.
      <FindingItem key={index} finding={finding} place={place} />
    ))}
  </ul>
)

function FindingItem({ finding: { level, title, detail, remedy }, place }: { readonly finding: Finding; readonly place: Place }) {
  const t = useText(messages)
  const { icon: Icon, tone } = looks[level]
  const command = remedy === '' ? null : fixCommandOf(remedy, place)
  return (
    <li className="flex gap-2">
      <Icon size={14} aria-hidden className={classNames('mt-0.5 shrink-0', textTones[tone])} />
      <div className="min-w-0">
        <span className="sr-only">{t(level)}: </span>
        <span className={level === 'ok' ? undefined : 'font-medium'}>{title}</span>
        {detail !== '' && <span className="break-words text-soft"> — {detail}</span>}
        {remedy !== '' && <p className="break-words">{remedy}</p>}
        {command !== null && (
          <p className="mt-0.5 inline-flex max-w-full items-center gap-1 rounded-md bg-sunken pl-2">
            <code className="overflow-x-auto font-mono text-sm whitespace-nowrap">{command}</code>
            <CopyButton text={command} label={t('copyFix')} />
          </p>
        )}
      </div>
    </li>
  )
}
