import { plainText } from '../../../runtime/cli/state/print-rows.ts'
import type { Finding } from '../../contract/machines.ts'

const rank = { blocker: 0, warning: 1, ok: 2 } as const

/** What is not as it should be with what to do, blockers first. */
export function findingLines(findings: readonly Finding[], { withAll }: { withAll: boolean }): string[] {
  const shown = findings.filter(({ level }) => withAll || level !== 'ok')
  const sorted = [...shown].sort((one, other) => rank[one.level] - rank[other.level])
  return sorted.flatMap(({ level, title, detail, remedy }) => [
    `  ${level.padEnd(9)}${plainText(title)}${detail === '' ? '' : `: ${plainText(detail)}`}`,
    ...(remedy === '' ? [] : [`${' '.repeat(11)}→ ${plainText(remedy)}`]),
  ])
}
