import { LoaderCircle, type LucideIcon } from 'lucide-react'
import type { ComponentProps } from 'react'
import { classNames } from './class-names.ts'
import { Tooltip } from './tooltip.tsx'

export type ButtonLook = { readonly variant?: 'primary' | 'default' | 'quiet' | 'danger'; readonly size?: 'md' | 'sm' }

const variants = {
  primary: 'bg-accent text-on-accent border-transparent hover:bg-accent-hover',
  default: 'bg-surface text-ink border-line hover:bg-hover',
  quiet: 'bg-transparent text-soft border-transparent hover:bg-hover hover:text-ink',
  danger: 'bg-surface text-bad border-bad-line hover:bg-bad-soft',
} as const
const sizes = { md: 'h-7 px-3 text-base', sm: 'h-6 px-2 text-sm' } as const
const shape =
  'inline-flex shrink-0 items-center justify-center gap-1 rounded-md border font-medium whitespace-nowrap select-none disabled:opacity-50 aria-disabled:opacity-50'

/** For links that look like a button. */
export const buttonClass = ({ variant = 'default', size = 'md' }: ButtonLook = {}): string =>
  classNames(shape, variants[variant], sizes[size])

type ButtonProps = ComponentProps<'button'> & ButtonLook & { readonly icon?: LucideIcon; readonly isBusy?: boolean }

/** While it is busy it cannot be pressed, and keeps the focus. */
export function Button({ variant, size, icon: Icon, isBusy = false, className, children, onClick, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      aria-busy={isBusy || undefined}
      aria-disabled={isBusy || undefined}
      onClick={isBusy ? (event) => event.preventDefault() : onClick}
      className={classNames(buttonClass({ ...(variant && { variant }), ...(size && { size }) }), className)}
    >
      {isBusy ? <LoaderCircle size={14} aria-hidden className="animate-spin" /> : Icon && <Icon size={14} aria-hidden />}
      {children}
    </button>
  )
}

type IconButtonProps = Omit<ComponentProps<'button'>, 'children'> & {
  readonly label: string
  readonly icon: LucideIcon
  readonly size?: 'md' | 'sm'
  readonly isPressed?: boolean
}

/** Its label is its accessible name, and its tooltip. */
export function IconButton({ label, icon: Icon, size = 'md', isPressed, className, ...rest }: IconButtonProps) {
  return (
    <Tooltip text={label}>
      <button
        type="button"
        aria-label={label}
        aria-pressed={isPressed}
        {...rest}
        className={classNames(
          'inline-flex shrink-0 items-center justify-center rounded-md text-soft hover:bg-hover hover:text-ink disabled:opacity-50 aria-pressed:bg-selected aria-pressed:text-accent',
          size === 'md' ? 'size-7' : 'size-6',
          className,
        )}
      >
        <Icon size={size === 'md' ? 16 : 14} aria-hidden />
      </button>
    </Tooltip>
  )
}
