import Anser from 'anser'
import { keepColours, loneEscape, stripEscapes } from './escape-sequences.ts'

/** A piece of a line in one look. */
export type LineToken = { readonly text: string; readonly className: string }

/** More letters of a line are only shown when asked for. */
export const shownLetters = 10_000
/** What is parsed of a line: its escape sequences take room, too. */
const parsedLetters = 4 * shownLetters

/** The part of a stored line that a row needs. */
export const partForRow = (text: string): string => (text.length > parsedLetters ? text.slice(0, parsedLetters) : text)

/** What a row shows of a stored line, without its colours. */
export const shownText = (text: string): string => stripEscapes(partForRow(text)).slice(0, shownLetters)

/** The tokens of what a row shows; their texts joined are `shownText`. Classes are of our own palette: no colour of the line itself is used. */
export function parseLine(text: string): readonly LineToken[] {
  const part = partForRow(text)
  if (!part.includes('\u001b')) return [{ text: part.slice(0, shownLetters), className: '' }]
  const tokens: LineToken[] = []
  let room = shownLetters
  for (const entry of Anser.ansiToJson(keepColours(part), { json: true, remove_empty: true })) {
    if (room === 0) break
    const content = entry.content.replaceAll(loneEscape, '\u001b').slice(0, room)
    room -= content.length
    tokens.push({ text: content, className: classOf(entry) })
  }
  return tokens
}

type Colour = 'black' | 'grey' | 'red' | 'yellow' | 'green' | 'cyan' | 'blue' | 'magenta' | 'white'

const inks: Record<Colour, string> = {
  black: 'text-soft',
  grey: 'text-[color-mix(in_srgb,var(--faint)_80%,var(--ink))]',
  red: 'text-bad',
  yellow: 'text-warn',
  green: 'text-[color-mix(in_srgb,var(--good)_80%,var(--ink))]',
  cyan: 'text-accent',
  blue: 'text-info',
  magenta: 'text-[color-mix(in_srgb,var(--series-4)_80%,var(--ink))]',
  white: 'text-ink',
}
const grounds: Record<Colour, string> = {
  black: 'bg-sunken',
  grey: 'bg-idle-line',
  red: 'bg-bad-line',
  yellow: 'bg-warn-line',
  green: 'bg-good-line',
  cyan: 'bg-[color-mix(in_srgb,var(--accent)_25%,var(--surface))]',
  blue: 'bg-info-line',
  magenta: 'bg-[color-mix(in_srgb,var(--series-4)_25%,var(--surface))]',
  white: 'bg-idle-line',
}
/** Nothing blinks or hides here. */
const decorations: Readonly<Record<string, string>> = {
  bold: 'font-semibold',
  italic: 'italic',
  underline: 'underline',
  strikethrough: 'line-through',
}

function classOf({ fg, bg, decorations: marks }: Anser.AnserJsonEntry): string {
  const classes = marks.map((mark) => decorations[mark] ?? '')
  // On a coloured ground only the page's own ink is sure to be readable.
  if (bg) classes.push('text-ink', grounds[nearest(bg)])
  else if (fg) classes.push(inks[nearest(fg)])
  else if (marks.includes('dim') || marks.includes('hidden')) classes.push(inks.grey)
  return [...new Set(classes)].filter(Boolean).join(' ')
}

/** Of `r, g, b`: by its hue, as a screen's palette is made for its own ground and ours is another. */
function nearest(rgb: string): Colour {
  const [red = 0, green = 0, blue = 0] = rgb.split(',').map(Number)
  const [high, low] = [Math.max(red, green, blue), Math.min(red, green, blue)]
  if (high - low < 48) return high < 48 ? 'black' : high < 170 ? 'grey' : 'white'
  return hueNames[Math.floor((((hueOf({ red, green, blue }) + 30) % 360) / 60) % 6)] ?? 'white'
}

const hueNames: readonly Colour[] = ['red', 'yellow', 'green', 'cyan', 'blue', 'magenta']

function hueOf({ red, green, blue }: { red: number; green: number; blue: number }): number {
  const high = Math.max(red, green, blue)
  const range = high - Math.min(red, green, blue)
  const sixth = high === red ? (green - blue) / range : high === green ? 2 + (blue - red) / range : 4 + (red - green) / range
  return (sixth * 60 + 360) % 360
}
