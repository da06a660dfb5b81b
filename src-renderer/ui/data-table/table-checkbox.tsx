import { classNames } from '../class-names.ts'

type TableCheckboxProps = { readonly label: string; readonly isChecked: boolean | 'some'; readonly onPick?: () => void }

const box = 'before:size-4 before:rounded-[4px] before:border before:border-strong before:bg-surface'
const filled = 'checked:before:border-accent checked:before:bg-accent indeterminate:before:border-accent indeterminate:before:bg-accent'
const tick =
  'checked:after:absolute checked:after:border-on-accent checked:after:h-2 checked:after:w-1 checked:after:-translate-y-px checked:after:rotate-45 checked:after:border-r-2 checked:after:border-b-2'
const dash =
  'indeterminate:after:absolute indeterminate:after:border-on-accent indeterminate:after:h-0 indeterminate:after:w-2 indeterminate:after:border-t-2'

/** One element, as large as its cell, in the look of the kit's: a table makes many of them while one scrolls. */
export function TableCheckbox({ label, isChecked, onPick }: TableCheckboxProps) {
  return (
    <input
      type="checkbox"
      data-select
      aria-label={label}
      checked={isChecked === true}
      {...(onPick
        ? { onChange: onPick, ref: (input) => void (input && (input.indeterminate = isChecked === 'some')) }
        : { readOnly: true })}
      className={classNames('flex size-full appearance-none items-center justify-center -outline-offset-2', box, filled, tick, dash)}
    />
  )
}
