import { Check, CircleX, type LucideIcon, TriangleAlert } from 'lucide-react'
import type { Finding } from '../../src-main/contract/machines.ts'
import { useText } from '../i18n/messages.ts'
import { textTones, type Tone } from '../ui/badge.tsx'
import { Button } from '../ui/button.tsx'
import { classNames } from '../ui/class-names.ts'
import { CopyButton } from '../ui/copy-id.tsx'
import { messages } from './machine-messages.ts'

type FindingListProps = {
  readonly findings: readonly Finding[]
  /** Warnings by their titles alone. */
  readonly isShort?: boolean
  /** Puts all of ours into the folder that a remedy names. */
  readonly onFolder?: (folder: string) => void
}

const looks: Readonly<Record<Finding['level'], { readonly icon: LucideIcon; readonly tone: Tone }>> = {
  ok: { icon: Check, tone: 'good' },
  warning: { icon: TriangleAlert, tone: 'warn' },
  blocker: { icon: CircleX, tone: 'bad' },
}

/** What was found on a machine, and what to do about it. */
export const FindingList = ({ findings, isShort = false, ...rest }: FindingListProps) => (
  <ul className="flex flex-col gap-1">
    {findings.map((finding, index) => (
      // Several may be of one kind, such as two ports.
      <FindingItem key={index} finding={finding} isShort={isShort && finding.level === 'warning'} {...rest} />
    ))}
  </ul>
)

type FindingItemProps = Omit<FindingListProps, 'findings'> & { readonly finding: Finding }

function FindingItem({ finding, isShort = false, onFolder }: FindingItemProps) {
  const t = useText(messages)
  const { level, title, detail } = finding
  const { icon: Icon, tone } = looks[level]
  return (
    <li className="flex gap-2">
      <Icon size={14} aria-hidden className={classNames('mt-0.5 shrink-0', textTones[tone])} />
      <div className="min-w-0">
        <span className="sr-only">{t(level)}: </span>
        <span className={level === 'ok' ? undefined : 'font-medium'} title={isShort ? detail : undefined}>
          {title}
        </span>
        {detail !== '' && !isShort && <span className="break-words text-soft"> — {detail}</span>}
        {!isShort && <Remedy finding={finding} {...(onFolder && { onFolder })} />}
      </div>
    </li>
  )
}

/** A folder that a remedy proposes for all of ours. */
const folderOf = (remedy: string): string | undefined => /set another folder for this machine, such as (\/[\w./-]+)/i.exec(remedy)?.[1]

function Remedy({ finding: { remedy, command }, onFolder }: Omit<FindingItemProps, 'isShort'>) {
  const t = useText(messages)
  if (remedy === '') return null
  const folder = onFolder && folderOf(remedy)
  return (
    <>
      <p className="break-words">{remedy}</p>
      <div className="mt-0.5 flex flex-wrap items-center gap-2">
        {folder !== undefined && (
          <Button size="sm" onClick={() => onFolder?.(folder)}>
            {t('useFolder', { folder })}
          </Button>
        )}
        {command !== undefined && (
          <span className="inline-flex max-w-full min-w-0 items-center gap-1 rounded-md bg-sunken pl-2">
            <code className="overflow-x-auto font-mono text-sm whitespace-nowrap">{command}</code>
            <CopyButton text={command} label={t('copyFix')} />
          </span>
        )}
      </div>
    </>
  )
}
