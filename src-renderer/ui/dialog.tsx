import { X } from 'lucide-react'
import { Dialog as Radix } from 'radix-ui'
import { type ReactNode, useRef } from 'react'
import { useText } from '../i18n/messages.ts'
import { IconButton } from './button.tsx'
import { classNames } from './class-names.ts'
import { messages } from './messages.ts'

type DialogProps = {
  readonly title: ReactNode
  readonly description?: ReactNode
  readonly isOpen: boolean
  readonly onClose: () => void
  readonly footer?: ReactNode
  readonly width?: 'sm' | 'md' | 'lg'
  readonly children?: ReactNode
}

const widths = { sm: 'max-w-[420px]', md: 'max-w-[640px]', lg: 'max-w-[960px]' } as const

/** What one fills in, else the dialog as a whole: never a button, whose tooltip would take the first Escape. */
function focusFirstControl(event: Event): void {
  const content = event.currentTarget
  if (!(content instanceof HTMLElement)) return
  event.preventDefault()
  const control = content.querySelector<HTMLElement>('input:not([type=hidden]), textarea, select')
  ;(control ?? content).focus()
}

/** What had the focus as it opened: of an entry of a menu, the button of that menu. */
function openerNow(): HTMLElement | null {
  const { activeElement } = document
  const menu = activeElement?.closest('[role=menu]')
  const opener = menu ? document.getElementById(menu.getAttribute('aria-labelledby') ?? '') : activeElement
  return opener instanceof HTMLElement ? opener : null
}

export function Dialog({ title, description, isOpen, onClose, footer, width = 'md', children }: DialogProps) {
  const t = useText(messages)
  const opener = useRef<HTMLElement>(null)
  return (
    <Radix.Root open={isOpen} onOpenChange={(open) => !open && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-shade" />
        <Radix.Content
          {...(description === undefined && { 'aria-describedby': undefined })}
          tabIndex={-1}
          onOpenAutoFocus={(event) => {
            opener.current = openerNow()
            focusFirstControl(event)
          }}
          onCloseAutoFocus={(event) => {
            event.preventDefault()
            opener.current?.focus()
          }}
          className={classNames(
            'fixed top-1/2 left-1/2 z-40 flex outline-none max-h-[88vh] w-[calc(100vw-32px)] -translate-x-1/2 -translate-y-1/2 flex-col rounded-lg border bg-surface shadow-float',
            widths[width],
          )}
        >
          <header className="flex items-start gap-3 border-b px-4 py-3">
            <div className="min-w-0 flex-1">
              <Radix.Title className="text-lg font-semibold">{title}</Radix.Title>
              {description !== undefined && <Radix.Description className="mt-0.5 text-soft">{description}</Radix.Description>}
            </div>
            <IconButton label={t('close')} icon={X} size="sm" onClick={onClose} />
          </header>
          <div className="min-h-0 flex-1 overflow-y-auto px-4 py-3">{children}</div>
          {footer && <footer className="flex flex-wrap justify-end gap-2 border-t px-4 py-3">{footer}</footer>}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}
