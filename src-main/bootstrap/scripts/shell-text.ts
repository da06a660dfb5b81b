import { wordForSh } from '../../ssh/shell-quote.ts'

/** A word of a script of /bin/sh. */
export const quoted = (text: string | number): string => wordForSh(String(text))

/** A script of /bin/sh: variables set on top, then what is done with them. Read as it is, it can be repeated by hand. */
export function scriptOf(variables: Readonly<Record<string, string | number>>, body: string): string {
  const settings = Object.entries(variables).map(([name, value]) => `${name}=${quoted(value)}`)
  return `${[...settings, body.trim()].join('\n')}\n`
}

/** Several scripts as one, each to its own end; one that fails ends all. */
export const inTurn = (scripts: readonly string[]): string =>
  scripts.length === 1 ? (scripts[0] ?? '') : scripts.map((script) => `(\n${script}) || exit\n`).join('')
