/** Ids and numbers beside an event name. No prose, no secrets. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>

/** JSON lines: an `event` name such as `link.refused`, ids and numbers. Handed in; cores never log. */
export type Logger = {
  debug(event: string, fields?: LogFields): void
  info(event: string, fields?: LogFields): void
  warn(event: string, fields?: LogFields): void
  error(event: string, fields?: LogFields): void
}

const levels = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof levels)[number]

/** Writes one JSON line for each event at `level` or above. `write` gets the line with its newline. */
export function createLogger(
  component: string,
  write: (line: string) => void,
  options: { level?: LogLevel; nowMs?: () => number } = {},
): Logger {
  const lowest = levels.indexOf(options.level ?? 'info')
  const nowMs = options.nowMs ?? (() => Date.now())
  const at =
    (level: LogLevel) =>
    (event: string, fields: LogFields = {}) => {
      if (levels.indexOf(level) < lowest) return
      write(`${JSON.stringify({ time: new Date(nowMs()).toISOString(), level, component, event, ...fields })}\n`)
    }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} }
