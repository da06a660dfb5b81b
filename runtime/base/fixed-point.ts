/**
 * Amounts of a resource as whole numbers of 1/10000, so that sums of fractions are exact (Ray: FixedPoint, granularity 0.0001).
 * `{ CPU: 1.5 }` outside is `{ CPU: 15000 }` inside. An absent name is zero; a zero is never kept.
 */
export type Amounts = Record<string, number>
export const unitsPerOne = 10_000

export const toUnits = (amount: number): number => Math.round(amount * unitsPerOne)
export const fromUnits = (units: number): number => units / unitsPerOne

export function amountsFrom(resources: Readonly<Record<string, number>>): Amounts {
  const amounts: Amounts = {}
  for (const [name, amount] of Object.entries(resources)) if (toUnits(amount) !== 0) amounts[name] = toUnits(amount)
  return amounts
}

export function resourcesFrom(amounts: Readonly<Amounts>): Record<string, number> {
  return Object.fromEntries(Object.entries(amounts).map(([name, units]) => [name, fromUnits(units)]))
}

/** Does `available` hold everything that `wanted` asks for? */
export function fits(available: Readonly<Amounts>, wanted: Readonly<Amounts>): boolean {
  for (const name in wanted) if ((available[name] ?? 0) < (wanted[name] ?? 0)) return false
  return true
}

export function addAmounts(target: Amounts, more: Readonly<Amounts>): void {
  for (const name in more) setAmount(target, name, (target[name] ?? 0) + (more[name] ?? 0))
}

/** May leave negative amounts: a blocked worker that resumes takes its CPU back whether or not one is free. */
export function subtractAmounts(target: Amounts, less: Readonly<Amounts>): void {
  for (const name in less) setAmount(target, name, (target[name] ?? 0) - (less[name] ?? 0))
}

function setAmount(target: Amounts, name: string, units: number): void {
  if (units === 0) delete target[name]
  else target[name] = units
}
