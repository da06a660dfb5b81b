import type { ParsedMachines } from '../../src-main/contract/panel.ts'
import { useText } from '../i18n/messages.ts'
import { messages } from './machine-messages.ts'

type ParseProblemsProps = {
  readonly problems: ParsedMachines['problems']
  /** Shows a line where it stands; absent where nobody sees the text. */
  readonly onLine?: (line: number) => void
}

/** What of a list of machines was not understood, line by line; nothing where all was. */
export function ParseProblems({ problems, onLine }: ParseProblemsProps) {
  const t = useText(messages)
  if (problems.length === 0) return null
  return (
    <section className="rounded-lg border border-warn-line bg-warn-soft px-3 py-2">
      <h3 className="font-medium text-warn">{t('problems', { count: problems.length })}</h3>
      <ul className="mt-1 flex max-h-40 flex-col gap-1 overflow-y-auto text-sm">
        {problems.map(({ line, text, message }, index) => (
          // One line may have several.
          <li key={index} className="flex flex-wrap items-baseline gap-x-2">
            {line > 0 && onLine === undefined && <span className="font-medium text-warn">{t('line', { line })}</span>}
            {line > 0 && onLine !== undefined && (
              <button type="button" className="min-h-6 font-medium text-warn underline underline-offset-2" onClick={() => onLine(line)}>
                {t('line', { line })}
              </button>
            )}
            {text !== '' && <code className="max-w-full truncate font-mono text-soft">{text}</code>}
            <span className="min-w-0 break-words">{message}</span>
          </li>
        ))}
      </ul>
    </section>
  )
}

/** Puts the cursor on a line, from 1, and marks it. */
export function selectLine(area: HTMLTextAreaElement | null, line: number): void {
  if (area === null) return
  const lines = area.value.split('\n')
  const start = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0)
  area.focus()
  area.setSelectionRange(start, start + (lines[line - 1]?.length ?? 0))
}
