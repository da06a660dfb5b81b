import type { MachinePlan, StepPlan, StepRef } from '#src-main/bootstrap/core/state.ts'

export const idOf = (index: number): string => `m-${index.toString(16).padStart(12, '0')}`

/** A machine with steps of these names; `upload` and `unpack` are of their kinds. */
export function aPlan(
  index: number,
  steps: readonly string[],
  needs: Readonly<Record<string, readonly StepRef[]>> = {},
  after: Readonly<Record<string, readonly string[]>> = {},
): MachinePlan {
  const plans = steps.map(
    (id): StepPlan => ({
      id,
      title: id,
      command: null,
      needs: needs[id] ?? [],
      after: after[id] ?? [],
      kind: id === 'upload' ? 'transfer' : id === 'unpack' ? 'unpack' : 'plain',
    }),
  )
  return { machineId: idOf(index), name: `machine-${index}`, role: index === 0 ? 'head' : 'worker', archive: 'a', steps: plans }
}
