import type { LucideIcon } from 'lucide-react'
import type { ReactNode } from 'react'
import { classNames } from './class-names.ts'

export const tones = ['good', 'warn', 'bad', 'info', 'idle'] as const
export type Tone = (typeof tones)[number]

const badgeTones: Readonly<Record<Tone, string>> = {
  good: 'bg-good-soft text-good border-good-line',
  warn: 'bg-warn-soft text-warn border-warn-line',
  bad: 'bg-bad-soft text-bad border-bad-line',
  info: 'bg-info-soft text-info border-info-line',
  idle: 'bg-idle-soft text-idle border-idle-line',
}
export const dotTones: Readonly<Record<Tone, string>> = {
  good: 'bg-good',
  warn: 'bg-warn',
  bad: 'bg-bad',
  info: 'bg-info',
  idle: 'bg-idle',
}
export const textTones: Readonly<Record<Tone, string>> = {
  good: 'text-good',
  warn: 'text-warn',
  bad: 'text-bad',
  info: 'text-info',
  idle: 'text-idle',
}

type BadgeProps = { readonly tone: Tone; readonly icon?: LucideIcon; readonly children: ReactNode }

/** A state in a word; its colour only repeats it. */
export function Badge({ tone, icon: Icon, children }: BadgeProps) {
  return (
    <span className={classNames('inline-flex h-[18px] items-center gap-1 rounded-[4px] border px-1 text-xs font-medium', badgeTones[tone])}>
      {Icon ? <Icon size={11} aria-hidden /> : <span aria-hidden className={classNames('size-1.5 rounded-full', dotTones[tone])} />}
      <span className="truncate">{children}</span>
    </span>
  )
}

/** Where a word stands beside it already. */
export function Dot({ tone, label }: { readonly tone: Tone; readonly label?: string }) {
  return (
    <span
      className={classNames('inline-block size-2 shrink-0 rounded-full', dotTones[tone])}
      {...(label === undefined ? { 'aria-hidden': true } : { role: 'img', 'aria-label': label })}
    />
  )
}
