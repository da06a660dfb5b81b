/**
 * Keys as Ray sends them in its wrapped answers: `load_metrics_report` becomes `loadMetricsReport`. Keys of maps are converted too, so
 * that `node:__internal_head__` becomes `node:InternalHead`; lists inside lists stay as they are (Ray: dashboard/utils.py `to_google_style`).
 */
export function toGoogleStyle(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [toCamelCase(key), converted(each)]))
}

function converted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((each: unknown) => (isRecord(each) ? toGoogleStyle(each) : each))
  return isRecord(value) ? toGoogleStyle(value) : value
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export function toCamelCase(key: string): string {
  const [first = '', ...others] = key.split('_')
  return first + others.map(toTitle).join('')
}

/** As Python's `str.title`: a letter after anything that is no letter is large, all others are small. */
const toTitle = (text: string): string => text.replace(/\p{L}+/gu, (word) => word.slice(0, 1).toUpperCase() + word.slice(1).toLowerCase())
