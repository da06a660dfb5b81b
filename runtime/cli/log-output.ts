import type { Flag, Terminal } from './command.ts'
import { LogForTerminal } from './log-for-terminal.ts'

/** Of every command that prints logs. */
export const rawFlag: Flag = {
  help: 'the log byte for byte, to a terminal too. Without it a terminal gets its text and colours, and sees other control characters as \\u001b',
}

/** Where the text of logs goes. Each call resolves when whoever reads it is ready for more. */
export type LogOutput = {
  write(piece: Uint8Array | string): Promise<void>
  /** At the end, or before something that is not of this log. */
  end(): Promise<void>
}

/**
 * Into a pipe or a file a log goes as it is; to a terminal, unless `isRaw`, without what could steer it. With `--json`, where standard output
 * is for programs, it goes to standard error.
 */
export function createLogOutput({ isInteractive, isJson }: Pick<Terminal, 'isInteractive' | 'isJson'>, isRaw: boolean): LogOutput {
  const to = isJson ? process.stderr : process.stdout
  const isShown = isJson ? process.stderr.isTTY : isInteractive
  if (!isShown || isRaw) return { write: (piece) => write(to, piece), end: () => Promise.resolve() }
  const shown = new LogForTerminal()
  return { write: (piece) => write(to, shown.push(piece)), end: () => write(to, shown.end()) }
}

/** Waits while whoever reads our output does not. */
function write(to: NodeJS.WriteStream, piece: Uint8Array | string): Promise<void> {
  if (piece.length === 0) return Promise.resolve()
  return new Promise((resolve) => {
    if (to.write(piece)) resolve()
    else to.once('drain', () => resolve())
  })
}
