import { Check, Minus } from 'lucide-react'
import { Checkbox as RadixCheckbox, Switch as RadixSwitch, ToggleGroup } from 'radix-ui'
import { type ComponentProps, type ReactNode, useId } from 'react'
import { classNames } from './class-names.ts'

export type ControlProps = { readonly id: string; readonly 'aria-describedby'?: string; readonly 'aria-invalid'?: true }

type FieldProps = {
  readonly label: ReactNode
  readonly hint?: ReactNode
  readonly error?: ReactNode
  readonly children: (control: ControlProps) => ReactNode
}

/** A control with its label, and what is wrong with its value. */
export function Field({ label, hint, error, children }: FieldProps) {
  const id = useId()
  const noteId = `${id}-note`
  const hasNote = Boolean(hint) || Boolean(error)
  return (
    <div className="flex min-w-0 flex-col gap-1">
      <label htmlFor={id} className="text-sm font-medium text-soft">
        {label}
      </label>
      {children({ id, ...(hasNote && { 'aria-describedby': noteId }), ...(error && { 'aria-invalid': true as const }) })}
      {hasNote && (
        <p id={noteId} className={classNames('text-sm', error ? 'text-bad' : 'text-faint')}>
          {error || hint}
        </p>
      )}
    </div>
  )
}

const inputClass =
  'min-w-0 rounded-md border border-strong/60 bg-surface px-2 text-base text-ink hover:border-strong disabled:opacity-60 aria-invalid:border-bad'

export function TextInput({ className, ...rest }: ComponentProps<'input'>) {
  return <input autoComplete="off" spellCheck={false} {...rest} className={classNames(inputClass, 'h-7', className)} />
}

export function TextArea({ className, ...rest }: ComponentProps<'textarea'>) {
  return <textarea spellCheck={false} {...rest} className={classNames(inputClass, 'py-1', className)} />
}

type SelectProps<Value extends string> = Omit<ComponentProps<'select'>, 'value' | 'onChange'> & {
  readonly options: readonly { readonly value: Value; readonly label: string }[]
  readonly value: Value
  readonly onChange: (value: Value) => void
}

export function Select<Value extends string>({ options, value, onChange, className, ...rest }: SelectProps<Value>) {
  return (
    <select
      {...rest}
      value={value}
      onChange={(event) => {
        const chosen = options.find((option) => option.value === event.target.value)
        if (chosen) onChange(chosen.value)
      }}
      className={classNames(inputClass, 'h-7 pr-1', className)}
    >
      {options.map((option) => (
        <option key={option.value} value={option.value}>
          {option.label}
        </option>
      ))}
    </select>
  )
}

type CheckboxProps = {
  readonly label: ReactNode
  readonly isChecked: boolean | 'some'
  readonly onChange: (isChecked: boolean) => void
  readonly isLabelHidden?: boolean
  readonly isDisabled?: boolean
}

export function Checkbox({ label, isChecked, onChange, isLabelHidden = false, isDisabled = false }: CheckboxProps) {
  return (
    <label className={classNames('inline-flex items-center gap-2 text-base', isDisabled && 'opacity-50')}>
      <RadixCheckbox.Root
        checked={isChecked === 'some' ? 'indeterminate' : isChecked}
        onCheckedChange={(state) => onChange(state === true)}
        disabled={isDisabled}
        className="flex size-4 shrink-0 items-center justify-center rounded-[4px] border border-strong bg-surface data-[state=checked]:border-accent data-[state=checked]:bg-accent data-[state=indeterminate]:border-accent data-[state=indeterminate]:bg-accent"
      >
        <RadixCheckbox.Indicator className="text-on-accent">
          {isChecked === 'some' ? <Minus size={12} aria-hidden /> : <Check size={12} aria-hidden />}
        </RadixCheckbox.Indicator>
      </RadixCheckbox.Root>
      <span className={isLabelHidden ? 'sr-only' : undefined}>{label}</span>
    </label>
  )
}

type SwitchProps = {
  readonly label: ReactNode
  readonly isOn: boolean
  readonly onChange: (isOn: boolean) => void
  readonly isDisabled?: boolean
}

export function Switch({ label, isOn, onChange, isDisabled = false }: SwitchProps) {
  const id = useId()
  return (
    <span className="inline-flex items-center gap-2 text-base">
      <RadixSwitch.Root
        id={id}
        checked={isOn}
        onCheckedChange={onChange}
        disabled={isDisabled}
        className="h-4 w-7 shrink-0 rounded-full border border-strong bg-sunken data-[state=checked]:border-accent data-[state=checked]:bg-accent"
      >
        <RadixSwitch.Thumb className="block size-3 translate-x-px rounded-full bg-strong transition-transform data-[state=checked]:translate-x-3 data-[state=checked]:bg-on-accent" />
      </RadixSwitch.Root>
      <label htmlFor={id}>{label}</label>
    </span>
  )
}

type SegmentedProps<Value extends string> = {
  readonly label: string
  readonly options: readonly { readonly value: Value; readonly label: ReactNode }[]
  readonly value: Value
  readonly onChange: (value: Value) => void
}

/** One of a few, all in sight. */
export function Segmented<Value extends string>({ label, options, value, onChange }: SegmentedProps<Value>) {
  return (
    <ToggleGroup.Root
      type="single"
      aria-label={label}
      value={value}
      onValueChange={(next) => {
        const chosen = options.find((option) => option.value === next)
        if (chosen) onChange(chosen.value)
      }}
      className="inline-flex h-7 items-stretch rounded-md border bg-sunken p-0.5"
    >
      {options.map((option) => (
        <ToggleGroup.Item
          key={option.value}
          value={option.value}
          className="inline-flex items-center gap-1 rounded-[4px] px-2 text-sm whitespace-nowrap text-soft hover:text-ink data-[state=on]:bg-surface data-[state=on]:font-medium data-[state=on]:text-ink"
        >
          {option.label}
        </ToggleGroup.Item>
      ))}
    </ToggleGroup.Root>
  )
}
