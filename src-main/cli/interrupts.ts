import type { Terminal } from '../../runtime/cli/command.ts'
import { exitCodes } from './exit-codes.ts'

/** The first Ctrl-C: ends what is asked for, unless somebody has another use for it. The second ends the process. */
export type Interrupts = {
  /** Given to every call; aborted by an interrupt that nobody took. */
  readonly signal: AbortSignal
  readonly hasInterrupted: boolean
  /** Runs in place of the abort; the function that comes back undoes that. */
  take(onInterrupt: () => void): () => void
  /** As if somebody had pressed Ctrl-C: a terminal in raw mode sends none. */
  interrupt(): void
}

export function createInterrupts(terminal: Pick<Terminal, 'onInterrupt'>): Interrupts {
  const abort = new AbortController()
  const takers: (() => void)[] = []
  let hasInterrupted = false
  const interrupt = () => {
    if (hasInterrupted) process.exit(exitCodes.interrupted)
    hasInterrupted = true
    const taker = takers.at(-1)
    if (taker) taker()
    else abort.abort()
  }
  terminal.onInterrupt(interrupt)
  return {
    signal: abort.signal,
    get hasInterrupted() {
      return hasInterrupted
    },
    take(onInterrupt) {
      takers.push(onInterrupt)
      return () => void takers.splice(takers.indexOf(onInterrupt), 1)
    },
    interrupt,
  }
}
