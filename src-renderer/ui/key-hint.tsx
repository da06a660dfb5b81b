/** Keys to press, one after the other. */
export function KeyHint({ keys }: { readonly keys: string }) {
  return (
    <span className="inline-flex gap-0.5">
      {keys.split(' ').map((key) => (
        <kbd key={key} className="rounded-[4px] border bg-sunken px-1 font-mono text-xs text-soft">
          {key}
        </kbd>
      ))}
    </span>
  )
}
