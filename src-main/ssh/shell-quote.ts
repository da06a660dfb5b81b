import { ClusterError } from '../../runtime/base/errors.ts'

/**
 * A word of a command line that sh, csh and fish all read as `text`, whatever it holds.
 *
 * Backslashes and exclamation marks stand outside the quotes: fish reads the former within them, csh the latter.
 * @throws ClusterError `bad-argument` for a line break or NUL, which csh cannot be given
 */
export function quoteForShell(text: string): string {
  if (/[\0\r\n]/.test(text)) {
    throw new ClusterError(
      'bad-argument',
      `${JSON.stringify(text)} holds a line break or NUL, and cannot stand in a command line. Give it another name.`,
    )
  }
  if (/^[\w@%+=:,./-]+$/.test(text)) return text
  const pieces = text.split(/(['\\!])/).filter((piece) => piece !== '')
  if (pieces.length === 0) return "''"
  return pieces.map((piece) => (/^['\\!]$/.test(piece) ? `\\${piece}` : `'${piece}'`)).join('')
}

/** A word of a script of /bin/sh; line breaks are fine. */
export const quoteForSh = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

/** The same where it is needed; other words stay as they are, for people to read. */
export const wordForSh = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : quoteForSh(text))
