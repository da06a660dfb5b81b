import { classNames } from './class-names.ts'
import { CopyButton } from './copy-id.tsx'

type CodeBlockProps = { readonly text: string; readonly label: string; readonly isWrapped?: boolean; readonly className?: string }

/** More than a person reads; the rest would only slow the page down. Copying takes it whole. */
const shownLength = 100_000

export function CodeBlock({ text, label, isWrapped = false, className }: CodeBlockProps) {
  return (
    <div className={classNames('relative rounded-md border bg-sunken', className)}>
      <pre
        tabIndex={0}
        aria-label={label}
        className={classNames('max-h-96 overflow-auto p-2 pr-8 font-mono text-sm', isWrapped && 'break-words whitespace-pre-wrap')}
      >
        {text.slice(0, shownLength)}
        {text.length > shownLength && '\n…'}
      </pre>
      <span className="absolute top-1 right-1">
        <CopyButton text={text} />
      </span>
    </div>
  )
}
