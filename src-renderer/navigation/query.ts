/** What stands behind the `?` of an address. A list is a parameter that comes more than once. */
export type Query = Readonly<Record<string, string | readonly string[] | undefined>>

/** `?a=1&b=2&b=3`, or nothing. */
export function encodeQuery(query: Query = {}): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue
    for (const each of typeof value === 'string' ? [value] : value) parameters.append(name, each)
  }
  const text = parameters.toString()
  return text === '' ? '' : `?${text}`
}

/** One value is a text, several are a list. */
export function decodeQuery(text: string): Record<string, string | string[]> {
  const query: Record<string, string | string[]> = {}
  for (const [name, value] of new URLSearchParams(text)) {
    const known = Object.hasOwn(query, name) ? query[name] : undefined
    query[name] = known === undefined ? value : [...(typeof known === 'string' ? [known] : known), value]
  }
  return query
}

export const firstOf = (value: string | readonly string[] | undefined): string | undefined =>
  typeof value === 'string' ? value : value?.[0]

export const allOf = (value: string | readonly string[] | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === 'string' ? [value] : value
