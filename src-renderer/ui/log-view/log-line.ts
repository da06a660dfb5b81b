export const logLevels = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof logLevels)[number]

/** A line as it is handed in. `offset`: of its first byte in its file. `isContinued`: the next line of its source belongs to it. */
export type LogLine = {
  readonly text: string
  readonly atMs: number | null
  readonly level: LogLevel | null
  readonly offset: number | null
  readonly isContinued?: boolean
}

export type LogBatch = { readonly source: string; readonly lines: readonly LogLine[] }

/** Something to know at this place of the log: bytes that are missing, that from here on it is the head's copy, or words of the page. */
export type LogNotice =
  | { readonly kind: 'gap'; readonly bytes: number }
  | { readonly kind: 'copy' }
  | { readonly kind: 'text'; readonly text: string }

/** `gone`: its node or process is no more, and what is here is all there is. */
export type SourceState = 'live' | 'ended' | 'gone'

export type LogSource = {
  readonly number: number
  readonly key: string
  readonly label: string
  readonly state: SourceState
}

/** A line as it is kept. `id` counts the rows, notices too; `number` is what people see, from 1. */
export type StoredLine = {
  readonly id: number
  readonly number: number
  /** With its escape sequences. */
  readonly text: string
  readonly source: LogSource
  readonly atMs: number | null
  readonly level: LogLevel | null
  readonly offset: number | null
  /** How often it was written over, as progress bars are. */
  readonly rewrites: number
  readonly notice: LogNotice | null
}

/** A line as a link names it. */
export type LineReference = { readonly number: number } | { readonly source: string; readonly offset: number }
