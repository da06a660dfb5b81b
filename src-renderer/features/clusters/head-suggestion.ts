import type { Machine, ReachCell } from '../../../src-main/contract/machines.ts'

export type HeadReason = 'only-one' | 'fit' | 'reached' | 'no-gpu' | 'first'
export type HeadSuggestion = { readonly machineId: string; readonly reasons: readonly HeadReason[] }

const hasBlocker = ({ findings }: Machine): boolean => findings.some(({ level }) => level === 'blocker')
/** Nothing was seen that would be in the way; a bare machine's kernel answers for it. */
const isWay = ({ verdict }: ReachCell): boolean => verdict === 'open' || verdict === 'refused'

/** The machine that makes the best head: fit, reached by the most, without GPUs of its own where others have some; else the first. */
export function suggestHead(machines: readonly Machine[], cells: readonly ReachCell[]): HeadSuggestion | undefined {
  const [first] = machines
  if (first === undefined) return undefined
  if (machines.length === 1) return { machineId: first.id, reasons: ['only-one'] }
  const reachedBy = new Map<string, number>()
  for (const cell of cells) if (isWay(cell)) reachedBy.set(cell.to, (reachedBy.get(cell.to) ?? 0) + 1)
  const gpusOf = ({ facts }: Machine) => facts?.gpus.length ?? 0
  const hasGpus = machines.some((machine) => gpusOf(machine) > 0)
  const better = (one: Machine, other: Machine): boolean => {
    if (hasBlocker(one) !== hasBlocker(other)) return !hasBlocker(one)
    const [oneReached, otherReached] = [reachedBy.get(one.id) ?? 0, reachedBy.get(other.id) ?? 0]
    if (oneReached !== otherReached) return oneReached > otherReached
    return gpusOf(one) < gpusOf(other)
  }
  const best = machines.reduce((chosen, machine) => (better(machine, chosen) ? machine : chosen), first)
  const othersFit = machines.filter((machine) => machine.id !== best.id && machine.facts !== null && !hasBlocker(machine)).length
  const reasons: HeadReason[] = [
    ...(!hasBlocker(best) && best.facts !== null ? (['fit'] as const) : []),
    ...(othersFit > 0 && (reachedBy.get(best.id) ?? 0) >= othersFit ? (['reached'] as const) : []),
    ...(hasGpus && gpusOf(best) === 0 ? (['no-gpu'] as const) : []),
    ...(best.id === first.id ? (['first'] as const) : []),
  ]
  return { machineId: best.id, reasons }
}
