import { Check, Minus } from 'lucide-react'

type TableCheckboxProps = { readonly label: string; readonly isChecked: boolean | 'some'; readonly onPick?: () => void }

/** A checkbox of the browser in the look of the kit's: a table makes many of them while one scrolls. */
export function TableCheckbox({ label, isChecked, onPick }: TableCheckboxProps) {
  return (
    <label className="relative flex size-full items-center justify-center">
      <input
        type="checkbox"
        data-select
        aria-label={label}
        checked={isChecked === true}
        ref={(input) => {
          if (input) input.indeterminate = isChecked === 'some'
        }}
        readOnly={onPick === undefined}
        onChange={onPick}
        className="peer size-4 appearance-none rounded-[4px] border border-strong bg-surface checked:border-accent checked:bg-accent indeterminate:border-accent indeterminate:bg-accent"
      />
      {isChecked === true && <Check size={12} aria-hidden className="pointer-events-none absolute text-on-accent" />}
      {isChecked === 'some' && <Minus size={12} aria-hidden className="pointer-events-none absolute text-on-accent" />}
    </label>
  )
}
