import type { LucideIcon } from 'lucide-react'
import { DropdownMenu } from 'radix-ui'
import type { ReactElement } from 'react'
import { classNames } from './class-names.ts'

export type MenuItem =
  | {
      readonly label: string
      readonly icon?: LucideIcon
      readonly onSelect: () => void
      readonly isDanger?: boolean
      readonly isDisabled?: boolean
      /** Why it cannot be chosen now. */
      readonly why?: string
      readonly isChecked?: boolean
    }
  | 'separator'
  | { readonly heading: string }

type MenuProps = {
  readonly trigger: ReactElement
  readonly items: readonly MenuItem[]
  readonly label: string
  /** With `onOpenChange`, for a menu that is opened from elsewhere. */
  readonly isOpen?: boolean
  readonly onOpenChange?: (isOpen: boolean) => void
}

export function Menu({ trigger, items, label, isOpen, onOpenChange }: MenuProps) {
  return (
    <DropdownMenu.Root modal={false} {...(isOpen !== undefined && { open: isOpen })} {...(onOpenChange && { onOpenChange })}>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          aria-label={label}
          sideOffset={4}
          collisionPadding={8}
          className="z-50 max-h-[60vh] min-w-44 overflow-y-auto rounded-lg border bg-raised p-1 text-base shadow-float"
        >
          {items.map((item, index) => (
            <MenuRow key={typeof item === 'string' ? `line-${index}` : 'heading' in item ? item.heading : item.label} item={item} />
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  )
}

function MenuRow({ item }: { readonly item: MenuItem }) {
  if (item === 'separator') return <DropdownMenu.Separator className="my-1 border-t" />
  if ('heading' in item) return <DropdownMenu.Label className="px-2 py-1 text-xs font-medium text-faint">{item.heading}</DropdownMenu.Label>
  const { icon: Icon } = item
  return (
    <DropdownMenu.Item
      disabled={item.isDisabled ?? false}
      onSelect={item.onSelect}
      className={classNames(
        'flex min-h-6 items-center gap-2 rounded-md px-2 py-0.5 outline-none data-[disabled]:text-faint data-[highlighted]:bg-hover',
        item.isDanger && 'text-bad data-[highlighted]:bg-bad-soft',
      )}
    >
      {Icon && <Icon size={14} aria-hidden />}
      <span className="flex flex-col">
        {item.label}
        {item.why && <span className="text-xs text-faint">{item.why}</span>}
      </span>
      {item.isChecked && <span className="ml-auto pl-3 text-accent">✓</span>}
    </DropdownMenu.Item>
  )
}
