import { type LogLevel, logLevels } from '../protocol/logs.ts'

/** What a line tells of itself. Null: nothing. */
export type LineFacts = { readonly timeMs: number | null; readonly level: LogLevel | null }

const lookedAt = 2_048
const headLetters = 120
const jsonTime = /"(?:time|timestamp|ts|@timestamp|asctime)" ?: ?(?:"([^"]{10,40})"|(\d{10,16}(?:\.\d{1,9})?))/
const jsonLevel = /"(?:level|severity|levelname)" ?: ?(?:"([A-Za-z]{3,10})"|(\d{2})\b)/
const startTime = /^\[?(\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:[.,]\d{1,9})?(?:Z|[+-]\d{2}:?\d{2})?)/
const levelWord = /\b(TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|FATAL|PANIC)\b/
const errorName = /^(?:Uncaught )?(?:Traceback \(|[A-Za-z_.]{0,60}(?:Error|Exception)\b)/

const levelOfWord: Readonly<Record<string, LogLevel>> = {
  trace: 'debug',
  debug: 'debug',
  info: 'info',
  notice: 'info',
  warn: 'warn',
  warning: 'warn',
  error: 'error',
  critical: 'error',
  fatal: 'error',
  panic: 'error',
}

/** Reads the time stamp and the level of a line: fields of JSON, else an ISO time at its start and a level in capitals near it. */
export function lineFacts(line: string): LineFacts {
  if (line.startsWith('{')) return jsonFacts(line.length > lookedAt ? line.slice(0, lookedAt) : line)
  const head = line.length > headLetters ? line.slice(0, headLetters) : line
  const first = head.charCodeAt(0)
  const mayBeTime = first === 0x5b || (first >= 0x30 && first <= 0x39)
  const timeText = mayBeTime ? startTime.exec(head)?.[1] : undefined
  const word = levelWord.exec(head)?.[1]
  const level = word === undefined ? (errorName.test(head) ? 'error' : null) : levelNamed(word)
  return { timeMs: timeText === undefined ? null : parseTime(timeText), level }
}

/** Whether `level` is `wanted` or worse. */
export const isAtLeast = (level: LogLevel | null, wanted: LogLevel): boolean =>
  logLevels.indexOf(level ?? 'info') >= logLevels.indexOf(wanted)

/** Gives every line of a file its facts: one that goes on from the line before, as stack traces do, has the facts of that. */
export class LineStamper {
  #timeMs: number | null = null
  #level: LogLevel | null = null

  stamp(line: string): LineFacts {
    const goesOn = line.startsWith(' ') || line.startsWith('\t')
    const own = goesOn ? { timeMs: null, level: null } : lineFacts(line)
    this.#timeMs = own.timeMs ?? this.#timeMs
    if (!goesOn) this.#level = own.level
    return { timeMs: this.#timeMs, level: this.#level }
  }
}

function jsonFacts(line: string): LineFacts {
  const time = jsonTime.exec(line)
  const level = jsonLevel.exec(line)
  return {
    timeMs: time === null ? null : time[1] === undefined ? fromNumber(Number(time[2])) : parseTime(time[1]),
    level: level === null ? null : level[1] === undefined ? fromPino(Number(level[2])) : levelNamed(level[1]),
  }
}

const levelNamed = (word: string): LogLevel | null => levelOfWord[word.toLowerCase()] ?? null

/** pino: 10 trace, 20 debug, 30 info, 40 warn, 50 error, 60 fatal. */
const fromPino = (number: number): LogLevel => (number < 30 ? 'debug' : number < 40 ? 'info' : number < 50 ? 'warn' : 'error')

/** Seconds, milliseconds or microseconds since 1970, by their size. */
const fromNumber = (number: number): number => (number < 1e11 ? number * 1e3 : number < 1e14 ? number : number / 1e3)

/** Without a zone it is in the zone of this machine. */
function parseTime(text: string): number | null {
  const ms = Date.parse(text.replace(' ', 'T').replace(',', '.'))
  return Number.isNaN(ms) ? null : ms
}
