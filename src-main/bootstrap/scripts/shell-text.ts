/** A word of a script of /bin/sh. */
export const quoted = (text: string | number): string =>
  /^[\w@%+=:,./-]+$/.test(String(text)) ? String(text) : `'${String(text).replaceAll("'", `'\\''`)}'`

/** A script of /bin/sh: variables set on top, then what is done with them. Read as it is, it can be repeated by hand. */
export function scriptOf(variables: Readonly<Record<string, string | number>>, body: string): string {
  const settings = Object.entries(variables).map(([name, value]) => `${name}=${quoted(value)}`)
  return `${[...settings, body.trim()].join('\n')}\n`
}
