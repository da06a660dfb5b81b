import type { LabelCondition, LabelSelector, Labels } from '../scheduling.ts'

/** True when `labels` meets every condition. `not-in` also holds for a label that is absent (Ray: label_utils). */
export function matchesLabels(labels: Readonly<Labels>, selector: LabelSelector): boolean {
  for (const condition of selector) if (!matchesCondition(labels, condition)) return false
  return true
}

function matchesCondition(labels: Readonly<Labels>, { key, operator, values }: LabelCondition): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined
  const isListed = value !== undefined && values.includes(value)
  return operator === 'in' ? isListed : !isListed
}

/** A selector as people read it: `region in [eu, us], kind not in [spot]`. */
export function describeSelector(selector: LabelSelector): string {
  return selector.map(({ key, operator, values }) => `${key} ${operator === 'in' ? 'in' : 'not in'} [${values.join(', ')}]`).join(', ')
}
