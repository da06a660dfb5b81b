import { ArrowDown } from 'lucide-react'
import { useFormat } from '../../i18n/format.ts'
import { useText } from '../../i18n/messages.ts'
import { buttonClass } from '../button.tsx'
import { classNames } from '../class-names.ts'
import { messages } from './messages.ts'

/** Back to the end, which goes on out of sight. */
export function JumpButton({ newLines, onJump }: { readonly newLines: number; readonly onJump: () => void }) {
  const t = useText(messages)
  const format = useFormat()
  return (
    <button
      type="button"
      onClick={onJump}
      className={classNames(buttonClass(), 'absolute bottom-4 left-1/2 z-10 -translate-x-1/2 shadow-float tabular-nums')}
    >
      <ArrowDown size={14} aria-hidden />
      {newLines === 0 ? t('jump') : t('jumpNew', { count: newLines, shown: format.number(newLines) })}
    </button>
  )
}
