import type { LogStreamMessage } from '../../runtime/api/logs.ts'

type Source = {
  readonly key: string
  readonly number: number
  file: string
  /** Behind the last that was passed on; undefined before anything is known of it. */
  next: number | undefined
  /** The head begins before that: what stands there was passed on already. */
  skipTo: number
  isTold: boolean
}
type Lines = Extract<LogStreamMessage, { type: 'lines' }>

/** Of what a client may say first, to be below the head's limit of 64 KiB with all else in it. */
const resumeLetters = 40_000

/**
 * Puts the streams of one connection after the other together to one: a file keeps its number over all of them, and each line comes once.
 * Where more files are followed than a head can be told of, it sends some from their beginning, and what is known is left out here.
 */
export class LogSources {
  /** The one that was heard of last comes last. */
  readonly #byKey = new Map<string, Source>()
  readonly #resume: ReadonlyMap<string, number>
  #ofConnection = new Map<number, Source>()
  #count = 0
  #isLive = false
  #skipped = 0

  constructor(resume: Readonly<Record<string, number>>) {
    this.#resume = new Map(Object.entries(resume))
  }

  /** All that was there at the start has come. */
  get isLive(): boolean {
    return this.#isLive
  }

  /** Begins another connection; returns where it is to go on. */
  begin(): Record<string, number> {
    this.#ofConnection = new Map()
    let letters = 0
    const known = new Map(this.#resume)
    for (const [key, { next }] of this.#byKey) {
      known.delete(key)
      if (next !== undefined) known.set(key, next)
    }
    const fitting = [...known].reverse().filter(([key]) => (letters += key.length + 24) <= resumeLetters)
    return Object.fromEntries(fitting)
  }

  /** The message under our numbers; undefined when it says nothing new. */
  take(message: LogStreamMessage): LogStreamMessage | undefined {
    switch (message.type) {
      case 'source':
        return this.#takeSource(message)
      case 'lines':
        return this.#takeLines(message)
      case 'gap':
        return this.#takeGap(message)
      case 'lag':
      case 'copy':
      case 'end': {
        const source = this.#ofConnection.get(message.source)
        return source && { ...message, source: source.number }
      }
      case 'live': {
        const isFirst = !this.#isLive
        this.#isLive = true
        return isFirst ? message : undefined
      }
      case 'skipped': {
        const isMore = message.files > this.#skipped
        this.#skipped = message.files
        return isMore ? message : undefined
      }
      case 'failed':
        return message
    }
  }

  #takeSource(message: Extract<LogStreamMessage, { type: 'source' }>): LogStreamMessage | undefined {
    const { key, file, offset } = message
    const known = this.#byKey.get(key)
    const source = known ?? { key, number: (this.#count += 1), file, next: this.#resume.get(key), skipTo: 0, isTold: false }
    const isNew = !this.#ofConnection.has(message.source)
    this.#byKey.set(key, source)
    this.#ofConnection.set(message.source, source)
    if (isNew) source.skipTo = source.next !== undefined && offset < source.next ? source.next : 0
    source.next ??= offset
    if (source.isTold && source.file === file) return undefined
    source.isTold = true
    source.file = file
    return { ...message, source: source.number, offset: Math.max(offset, source.skipTo) }
  }

  #takeLines(message: Lines): LogStreamMessage | undefined {
    const source = this.#ofConnection.get(message.source)
    if (!source) return undefined
    this.#heard(source)
    const { skipTo } = source
    if (message.next >= skipTo) source.skipTo = 0
    source.next = Math.max(message.next, skipTo)
    const lines = { ...message, source: source.number }
    if (skipTo === 0) return lines
    return message.next <= skipTo ? undefined : from(lines, skipTo)
  }

  #takeGap(message: Extract<LogStreamMessage, { type: 'gap' }>): LogStreamMessage | undefined {
    const source = this.#ofConnection.get(message.source)
    if (!source || message.to <= source.skipTo) return undefined
    const gap = { ...message, source: source.number, from: Math.max(message.from, source.skipTo) }
    source.skipTo = 0
    source.next = message.to
    return gap
  }

  /** To the end of the map, as those before it may be left out of `begin`. */
  #heard(source: Source): void {
    this.#byKey.delete(source.key)
    this.#byKey.set(source.key, source)
  }
}

/** The lines that begin at `offset` or behind it. */
function from(lines: Lines, offset: number): Lines {
  const at = lines.offsets.findIndex((each) => each >= offset)
  const start = at < 0 ? lines.offsets.length : at
  return {
    ...lines,
    offsets: lines.offsets.slice(start),
    times: lines.times.slice(start),
    levels: lines.levels.slice(start),
    texts: lines.texts.slice(start),
    pieces: lines.pieces.filter((index) => index >= start).map((index) => index - start),
  }
}
