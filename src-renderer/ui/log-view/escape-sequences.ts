// What terminals obey and people do not see. The limit on titles and links keeps a line that only begins one from being swallowed whole.
const parts = {
  control: '\\[[0-?]*[ -/]*[@-~]',
  title: '\\][^\\u0000-\\u001f\\u009c]{0,4096}(?:\\u0007|\\u001b\\\\|\\u009c)',
  device: '[PX^_][^\\u0000-\\u001f]{0,4096}\\u001b\\\\',
  short: '[ -/]*[0-Z\\\\^-~]',
} as const
/** What a line that was cut ends with. */
const cutControl = '\\u001b\\[[0-?]*[ -/]*(?=\\n|$)'

/** Source of a regular expression. */
export const escapeSequence = `\\u001b(?:${Object.values(parts).join('|')})`
/** The same, for the beginning of one that may go on in the next piece of a text. */
export const begunSequence =
  '\\u001b(?:\\[[0-?]*[ -/]*|\\][^\\u0000-\\u001f\\u009c]{0,4096}\\u001b?|[PX^_][^\\u0000-\\u001f]{0,4096}\\u001b?|[ -/]*)?'

const sequences = new RegExp(`${escapeSequence}|${cutControl}`, 'g')
const anyEscape = new RegExp(`${escapeSequence}|${cutControl}|\\u001b`, 'g')
// oxlint-disable-next-line no-control-regex -- the escape character is what it is to find
const colour = /^\u001b\[[\d;:]*m$/

/** Stands for an escape that begins nothing, so that a parser of colours lets it be. It is no letter of any text. */
export const loneEscape = '\ufdd1'

/** Without escape sequences: what is searched, copied and saved. The text may hold several lines. */
export const stripEscapes = (text: string): string => (text.includes('\u001b') ? text.replace(sequences, '') : text)

/** Only with those of colour, with parameters in the common form, and `loneEscape` for what is no sequence. */
export const keepColours = (text: string): string =>
  text.replace(anyEscape, (sequence) => (sequence.length === 1 ? loneEscape : colour.test(sequence) ? withoutColons(sequence) : ''))

const withoutColons = (sequence: string): string =>
  sequence
    .replace(/([34]8):2:\d*:(\d+:\d+:\d+)/g, '$1:2:$2')
    .replace(/\b4:0/g, '24')
    .replace(/\b4:\d/g, '4')
    .replaceAll(':', ';')
