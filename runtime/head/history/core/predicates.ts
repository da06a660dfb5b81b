import { ClusterError } from '../../../base/errors.ts'

/** One condition on one column; conditions of a query all hold. Texts are compared without regard to case, as Ray does. */
export type Filter = {
  readonly column: string
  readonly operator: Operator
  /** `in` and `not-in` take several, the others one. */
  readonly values: readonly string[]
}

export const operators = ['=', '!=', 'contains', 'prefix', 'regex', '<', '<=', '>', '>=', 'in', 'not-in'] as const
export type Operator = (typeof operators)[number]

const longestPattern = 200

/**
 * Whether a text passes. Null, no value, passes only what asks for something else (`!=`, `not-in`). A pattern may take time without end: who
 * applies the test limits it.
 * @throws ClusterError `bad-argument` for a pattern that is no regular expression
 */
export function textTest({ operator, values, column }: Filter): (text: string | null) => boolean {
  const lower = values.map((value) => value.toLowerCase())
  const [first = ''] = lower
  const set = new Set(lower)
  switch (operator) {
    case '=':
    case 'in':
      return (text) => text !== null && set.has(text.toLowerCase())
    case '!=':
    case 'not-in':
      return (text) => text === null || !set.has(text.toLowerCase())
    case 'contains':
      return (text) => text !== null && text.toLowerCase().includes(first)
    case 'prefix':
      return (text) => text !== null && text.toLowerCase().startsWith(first)
    case 'regex': {
      const pattern = patternOf(values[0] ?? '', column)
      return (text) => text !== null && pattern.test(text.slice(0, 4_096))
    }
    case '<':
      return (text) => text !== null && text.toLowerCase() < first
    case '<=':
      return (text) => text !== null && text.toLowerCase() <= first
    case '>':
      return (text) => text !== null && text.toLowerCase() > first
    case '>=':
      return (text) => text !== null && text.toLowerCase() >= first
  }
}

/** Whether a number passes; NaN is no value. @throws ClusterError `bad-argument` for what is no number, or an operator on texts. */
export function numberTest({ operator, values, column }: Filter): (value: number) => boolean {
  const numbers = values.map((value) => {
    const number = value.trim() === '' ? Number.NaN : Number(value)
    if (Number.isNaN(number)) {
      throw new ClusterError(
        'bad-argument',
        `${column} holds numbers, so it cannot be compared with ${JSON.stringify(value.slice(0, 100))}`,
      )
    }
    return number
  })
  const [first = Number.NaN] = numbers
  const set = new Set(numbers)
  switch (operator) {
    case '=':
    case 'in':
      return (value) => set.has(value)
    case '!=':
    case 'not-in':
      return (value) => !set.has(value)
    case '<':
      return (value) => value < first
    case '<=':
      return (value) => value <= first
    case '>':
      return (value) => value > first
    case '>=':
      return (value) => value >= first
    case 'contains':
    case 'prefix':
    case 'regex':
      throw new ClusterError('bad-argument', `${column} holds numbers: ${operator} is for texts; use =, !=, <, <=, > or >=`)
  }
}

function patternOf(source: string, column: string): RegExp {
  const refuse = (why: string) =>
    new ClusterError('bad-argument', `the pattern for ${column} ${why}; got ${JSON.stringify(source.slice(0, longestPattern))}`)
  if (source.length > longestPattern) throw refuse(`is longer than ${longestPattern} characters`)
  try {
    return new RegExp(source, 'iu')
  } catch {
    throw refuse('is not a regular expression')
  }
}
