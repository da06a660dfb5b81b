/**
 * One row of a list that a head answered: the head says what is in it, and it may be of another version. So every cell is asked for what
 * it should be, and what it is not is nothing.
 */
export type Row = Readonly<Record<string, unknown>>

export const isRow = (value: unknown): value is Row => typeof value === 'object' && value !== null && !Array.isArray(value)

export function textIn(row: Row, name: string): string | null {
  const value = row[name]
  return typeof value === 'string' && value !== '' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : null
}

export function numberIn(row: Row, name: string): number | null {
  const value = row[name]
  if (typeof value === 'number') return Number.isFinite(value) ? value : null
  return typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : null
}

export const flagIn = (row: Row, name: string): boolean => row[name] === true

/** Ms since 1970; null for what has not happened (0 counts as that). */
export function timeIn(row: Row, name: string): number | null {
  const value = numberIn(row, name)
  return value !== null && value > 0 ? value : null
}

export function recordIn(row: Row, name: string): Row {
  const value = row[name]
  return isRow(value) ? value : {}
}

/** Amounts by name, such as resources. */
export function amountsIn(row: Row, name: string): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(recordIn(row, name)).filter((entry): entry is [string, number] => typeof entry[1] === 'number'))
}

export function rowsIn(row: Row, name: string): readonly Row[] {
  const value = row[name]
  return Array.isArray(value) ? value.filter(isRow) : []
}

export function textsIn(row: Row, name: string): readonly string[] {
  const value = row[name]
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []
}
