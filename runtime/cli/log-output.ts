import type { Flag, Terminal } from './command.ts'
import { LogForTerminal } from './log-for-terminal.ts'

/** Of every command that prints logs. */
export const rawFlag: Flag = {
  help: 'the log byte for byte, to a terminal too. Without it a terminal gets its text and colours, and sees other control characters as \\u001b',
}

/** Standard output for the text of logs. Each call resolves when whoever reads it is ready for more. */
export type LogOutput = {
  write(piece: Uint8Array | string): Promise<void>
  /** At the end, or before something that is not of this log. */
  end(): Promise<void>
}

/** Into a pipe or a file a log goes as it is; to a terminal, unless `isRaw`, without what could steer it. */
export function createLogOutput({ isInteractive }: Pick<Terminal, 'isInteractive'>, isRaw: boolean): LogOutput {
  if (!isInteractive || isRaw) return { write, end: () => Promise.resolve() }
  const shown = new LogForTerminal()
  return { write: (piece) => write(shown.push(piece)), end: () => write(shown.end()) }
}

/** Waits while whoever reads our output does not. */
function write(piece: Uint8Array | string): Promise<void> {
  if (piece.length === 0) return Promise.resolve()
  return new Promise((resolve) => {
    if (process.stdout.write(piece)) resolve()
    else process.stdout.once('drain', () => resolve())
  })
}
