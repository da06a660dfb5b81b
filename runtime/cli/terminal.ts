import { shownText } from '../base/shown-text.ts'
import type { Terminal } from './command.ts'

const interruptedExitCode = 130

/** This process' own terminal. A reader that goes away, as in `shoal status | head`, ends us quietly. */
export function createTerminal(isJson: boolean): Terminal {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
  return {
    print: (text) => void process.stdout.write(`${shownText(text)}\n`),
    warn: (text) => void process.stderr.write(`${shownText(text)}\n`),
    isJson,
    isInteractive: process.stdout.isTTY === true,
    onInterrupt(stop) {
      let isStopping = false
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
        process.on(signal, () => {
          if (isStopping) process.exit(interruptedExitCode)
          isStopping = true
          stop()
        })
      }
    },
  }
}
