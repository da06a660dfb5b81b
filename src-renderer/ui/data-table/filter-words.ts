import type { Translate } from '../../i18n/messages.ts'
import { safeText } from '../../util/safe-text.ts'
import { type FilterColumn, type FilterProblem, valuesOf } from './filter-text.ts'
import type { messages } from './messages.ts'
import type { Filter, FilterKind, Operator } from './table-types.ts'

export type TableText = Translate<keyof (typeof messages)['en']>

/** An operator in words, as it stands between column and value. */
export function operatorWord(operator: Operator, kind: FilterKind | undefined, t: TableText): string {
  if (kind?.kind === 'number' && operator === 'eq') return t('eqNumber')
  if (kind?.kind === 'number' && operator === 'ne') return t('neNumber')
  return t(operator)
}

export type FilterWords = { readonly column: string; readonly operator: string; readonly value: string }

/** A filter as a person reads it. */
export function filterWords(filter: Filter, columns: readonly FilterColumn[], t: TableText): FilterWords {
  const column = columns.find(({ id }) => id === filter.column)
  const kind = column?.filter
  const labelOf = (value: string) => (kind?.kind === 'one-of' ? (kind.values.find((each) => each.value === value)?.label ?? value) : value)
  return {
    column: safeText(column?.title ?? filter.column, 60),
    operator: operatorWord(filter.operator, kind, t),
    value: safeText(valuesOf(filter).map(labelOf).join(', '), 200),
  }
}

export function problemText(problem: FilterProblem, t: TableText): string {
  switch (problem.kind) {
    case 'no-column':
      return problem.near === undefined
        ? t('noColumn', { name: safeText(problem.name, 60) })
        : t('noColumnNear', { name: safeText(problem.name, 60), near: problem.near })
    case 'no-filter':
      return t('noFilter', { title: problem.title })
    case 'no-operator': {
      const words = problem.allowed.map((operator) => t(operator))
      return t('noOperator', { title: problem.title, operator: t(problem.operator), allowed: words.join(', ') })
    }
    case 'no-value':
      return t('noValue', { title: problem.title })
    case 'not-a-number':
      return t('notANumber', { title: problem.title, value: safeText(problem.value, 60) })
    case 'not-one-of':
      return t('notOneOf', { title: problem.title, value: safeText(problem.value, 60), values: problem.values.slice(0, 20).join(', ') })
    case 'bad-pattern':
      return t('badPattern', { value: safeText(problem.value, 60) })
    case 'too-long':
      return t('tooLong', { limit: problem.limit })
  }
}

const lookedFor: readonly string[] = ['FAILED', 'DEAD']

/** A filter that one could type into this table. */
export function exampleFilter(columns: readonly FilterColumn[]): string {
  for (const { id, filter } of columns) {
    if (filter?.kind === 'one-of' && filter.values[0])
      return `${id}=${(filter.values.find(({ value }) => lookedFor.includes(value)) ?? filter.values[0]).value}`
  }
  const number = columns.find(({ filter }) => filter?.kind === 'number')
  const text = columns.find(({ filter }) => filter !== undefined)
  return number ? `${number.id}>100` : `${text?.id ?? 'name'}~abc`
}
