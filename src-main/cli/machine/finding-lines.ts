import { plainText } from '../../../runtime/cli/state/print-rows.ts'
import type { Finding } from '../../contract/machines.ts'
import { namesText } from '../words/amounts.ts'

const rank = { blocker: 0, warning: 1, ok: 2 } as const

/** What is not as it should be with what to do, blockers first. */
export function findingLines(findings: readonly Finding[], { withAll }: { withAll: boolean }): string[] {
  return sorted(findings.filter(({ level }) => withAll || level !== 'ok')).flatMap((finding) => linesOf(finding, undefined))
}

/** The same of many machines: what was found alike on several is told once, with their names. */
export function findingLinesOfMany(
  machines: readonly { readonly name: string; readonly findings: readonly Finding[] }[],
  { withAll }: { withAll: boolean },
): string[] {
  const known = new Map<string, { finding: Finding; names: string[] }>()
  for (const { name, findings } of machines) {
    for (const finding of findings.filter(({ level }) => withAll || level !== 'ok')) {
      const key = JSON.stringify([finding.level, finding.title, finding.detail, finding.remedy])
      const entry = known.get(key) ?? { finding, names: [] }
      entry.names.push(name)
      known.set(key, entry)
    }
  }
  const names = new Map([...known.values()].map((entry) => [entry.finding, entry.names]))
  return sorted([...names.keys()]).flatMap((finding) => linesOf(finding, names.get(finding)))
}

const sorted = (findings: readonly Finding[]): Finding[] => [...findings].sort((one, other) => rank[one.level] - rank[other.level])

function linesOf({ level, title, detail, remedy }: Finding, names: readonly string[] | undefined): string[] {
  const margin = ' '.repeat(11)
  return [
    `  ${level.padEnd(9)}${plainText(title)}${detail === '' ? '' : `: ${plainText(detail)}`}`,
    ...(names ? [`${margin}on ${plainText(namesText(names, 20))}`] : []),
    ...(remedy === '' ? [] : [`${margin}→ ${plainText(remedy)}`]),
  ]
}
