import { diffLines } from 'diff'
import type { ExecGroup } from '../contract/panel.ts'

type Ended = Pick<ExecGroup, 'code' | 'signal' | 'stdout' | 'stderr' | 'isTruncated' | 'failure'>
export type MachineOutcome = Ended & { readonly machineId: string; readonly name: string; readonly durationMs: number }

/** Of the comparison of two outputs; longer ones are compared up to there. */
const comparedLines = 2_000
const longestLine = 4_000
/** Of changed lines; finding more of them would hold up everybody else. */
const mostChanges = 300

/** Puts machines together on which a command ended alike, the largest group first; each other one says how it differs from that. */
export function groupOutcomes(outcomes: readonly MachineOutcome[]): ExecGroup[] {
  const groups = new Map<string, ExecGroup>()
  for (const { machineId, name, durationMs, ...ended } of outcomes) {
    const key = JSON.stringify([ended.failure?.message ?? null, ended.code, ended.signal, ended.stdout, ended.stderr])
    const group = groups.get(key) ?? { machines: [], ...ended, difference: [] }
    group.machines.push({ machineId, name, durationMs })
    groups.set(key, group)
  }
  const sorted = [...groups.values()].sort((one, other) => rank(one) - rank(other) || other.machines.length - one.machines.length)
  const [first, ...others] = sorted
  return first === undefined || first.failure
    ? sorted
    : [first, ...others.map((group) => ({ ...group, difference: differenceOf(first, group) }))]
}

/** What could not be run comes last, however many those are: there is nothing of theirs to compare with. */
const rank = ({ failure }: ExecGroup): number => (failure ? 1 : 0)

function differenceOf(base: ExecGroup, group: ExecGroup): string[] {
  if (group.failure) return []
  const before = firstLines(base.stdout + base.stderr)
  const parts = diffLines(before, firstLines(group.stdout + group.stderr), { maxEditLength: mostChanges })
  if (parts === undefined) return [`more than ${mostChanges} lines differ`]
  return parts
    .filter(({ added, removed }) => added || removed)
    .flatMap(({ added, value }) => linesOf(value).map((line) => `${added ? '+' : '-'} ${line.slice(0, longestLine)}`))
}

const linesOf = (text: string): string[] => text.replace(/\n$/, '').split('\n')
const firstLines = (text: string): string => text.split('\n').slice(0, comparedLines).join('\n')
