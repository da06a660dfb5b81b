import { CircleSlash, Info, type LucideIcon, Unplug } from 'lucide-react'
import { useFormat } from '../../i18n/format.ts'
import { useText } from '../../i18n/messages.ts'
import { classNames } from '../class-names.ts'
import type { LogNotice } from './log-line.ts'
import { messages } from './messages.ts'

type NoticeRowProps = { readonly notice: LogNotice; readonly source: string | null }

/** Something to know at this place of the log. `source`: whose, where there are several. */
export function NoticeRow({ notice, source }: NoticeRowProps) {
  const t = useText(messages)
  const format = useFormat()
  const text = notice.kind === 'gap' ? t('gap', { size: format.bytes(notice.bytes) }) : notice.kind === 'copy' ? t('copy') : notice.text
  const icon = notice.kind === 'gap' ? CircleSlash : notice.kind === 'copy' ? Unplug : Info
  return (
    <InfoRow icon={icon} tone="warn">
      {source === null ? text : `${source}: ${text}`}
    </InfoRow>
  )
}

type InfoRowProps = { readonly icon?: LucideIcon; readonly tone?: 'warn' | 'faint'; readonly children: string }

/** A row that is no line of the log. */
export function InfoRow({ icon: Icon, tone = 'faint', children }: InfoRowProps) {
  return (
    <div
      className={classNames(
        'flex h-[18px] items-center gap-2 bg-surface pl-1.5 font-sans select-none',
        tone === 'warn' ? 'text-warn' : 'text-faint',
      )}
    >
      <span className="sticky left-1.5 flex items-center gap-2 whitespace-nowrap">
        {Icon && <Icon size={12} aria-hidden />}
        {children}
      </span>
    </div>
  )
}
