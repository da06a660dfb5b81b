import { useState } from 'react'
import { useFormat } from '../../i18n/format.ts'
import { useText } from '../../i18n/messages.ts'
import { CopyButton } from '../copy-id.tsx'
import { Dialog } from '../dialog.tsx'
import { stripEscapes } from './escape-sequences.ts'
import { inertParts } from './inert-text.ts'
import type { StoredLine } from './log-line.ts'
import { messages } from './messages.ts'
import { rowHeight } from './scroll-map.ts'

const columns = 120
const view = 480
const around = 10

/** The whole of a line that a row does not show whole, cut into rows, of which only those in sight are drawn. */
export function LongLineDialog({ line, onClose }: { readonly line: StoredLine; readonly onClose: () => void }) {
  const t = useText(messages)
  const format = useFormat()
  const [text] = useState(() => stripEscapes(line.text))
  const [scrollTop, setScrollTop] = useState(0)
  const rows = Math.ceil(text.length / columns)
  const from = Math.max(0, Math.floor(scrollTop / rowHeight) - around)
  const to = Math.min(rows, Math.ceil((scrollTop + view) / rowHeight) + around)
  return (
    <Dialog
      isOpen
      onClose={onClose}
      width="lg"
      title={t('wholeLine', { number: format.number(line.number), count: format.number(line.text.length) })}
    >
      <div className="flex flex-col gap-2">
        <CopyButton text={text} label={t('copyLine')} />
        {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable by keys */}
        <div
          role="region"
          tabIndex={0}
          aria-label={t('wholeLine', { number: line.number, count: line.text.length })}
          onScroll={(event) => setScrollTop(event.currentTarget.scrollTop)}
          style={{ maxHeight: view }}
          className="overflow-auto rounded-md border bg-sunken p-2 font-mono text-sm leading-[18px]"
        >
          <div style={{ height: rows * rowHeight, paddingTop: from * rowHeight }}>
            {Array.from({ length: to - from }, (_, at) => (
              <div key={from + at} dir="ltr" style={{ unicodeBidi: 'isolate' }} className="h-[18px] whitespace-pre">
                {inertParts(pieceAt(text, from + at)).map((part) => part.text)}
              </div>
            ))}
          </div>
        </div>
      </div>
    </Dialog>
  )
}

const pieceAt = (text: string, row: number): string => text.slice(edgeAt(text, row * columns), edgeAt(text, (row + 1) * columns))

/** Not within a letter of two halves. */
const edgeAt = (text: string, at: number): number => ((text.charCodeAt(at) & 0xfc00) === 0xdc00 ? at + 1 : at)
