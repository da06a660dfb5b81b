import { Check, CircleDot, CircleX, type LucideIcon, Minus } from 'lucide-react'
import type { ReachCell } from '../../src-main/contract/machines.ts'
import { useText } from '../i18n/messages.ts'
import { textTones, type Tone } from '../ui/badge.tsx'
import { messages } from './machine-messages.ts'
import type { ReachSummary } from './reach-model.ts'

export const reachLooks: Readonly<Record<ReachCell['verdict'], { readonly icon: LucideIcon; readonly tone: Tone }>> = {
  open: { icon: Check, tone: 'good' },
  refused: { icon: CircleDot, tone: 'info' },
  blocked: { icon: CircleX, tone: 'bad' },
  'not-tested': { icon: Minus, tone: 'warn' },
}
const verdicts = ['open', 'refused', 'blocked', 'not-tested'] as const

/** The signs that are there, with how often and what each means. */
export function ReachLegend({ summary: { counts } }: { readonly summary: ReachSummary }) {
  const t = useText(messages)
  return (
    <ul className="flex flex-col gap-0.5 text-sm">
      {verdicts
        .filter((verdict) => counts[verdict] > 0)
        .map((verdict) => {
          const { icon: Icon, tone } = reachLooks[verdict]
          return (
            <li key={verdict} className="flex items-center gap-2">
              <Icon size={14} aria-hidden className={textTones[tone]} />
              <span className="font-medium">
                {t(verdict)} <span className="tabular-nums">{counts[verdict]}</span>
              </span>
              <span className="text-soft">{t(`${verdict}Why`)}</span>
            </li>
          )
        })}
    </ul>
  )
}
