import { Tabs as Radix } from 'radix-ui'
import type { ReactNode } from 'react'

type TabsProps<Value extends string> = {
  readonly label: string
  readonly items: readonly { readonly value: Value; readonly label: string; readonly count?: number | undefined }[]
  readonly value: Value
  readonly onChange: (value: Value) => void
  /** Of the tab that is shown. */
  readonly children?: ReactNode
}

export function Tabs<Value extends string>({ label, items, value, onChange, children }: TabsProps<Value>) {
  return (
    <Radix.Root
      value={value}
      onValueChange={(next) => {
        const chosen = items.find((item) => item.value === next)
        if (chosen) onChange(chosen.value)
      }}
      className="flex min-h-0 flex-1 flex-col"
    >
      <Radix.List aria-label={label} className="flex gap-2 overflow-x-auto border-b">
        {items.map((item) => (
          <Radix.Trigger
            key={item.value}
            value={item.value}
            className="-mb-px flex h-8 items-center gap-1 border-b-2 px-1 focus-visible:outline-offset-[-2px] border-transparent whitespace-nowrap text-soft hover:text-ink data-[state=active]:border-accent data-[state=active]:font-medium data-[state=active]:text-ink"
          >
            {item.label}
            {item.count !== undefined && <span className="text-sm text-faint tabular-nums">{item.count}</span>}
          </Radix.Trigger>
        ))}
      </Radix.List>
      <Radix.Content value={value} className="flex min-h-0 flex-1 flex-col pt-3">
        {children}
      </Radix.Content>
    </Radix.Root>
  )
}
