import type { Terminal } from '../command.ts'

/** Ctrl-C ends the following, never the job: says so, and how to end that. */
export function stopOnInterrupt(terminal: Terminal, id: string): { readonly signal: AbortSignal; readonly interruptedCode: number } {
  const stop = new AbortController()
  terminal.onInterrupt(() => {
    terminal.warn(
      `\nNo longer following job '${id}'; it goes on. To end it: shoal job stop ${id}   To follow it again: shoal job logs -f ${id}`,
    )
    stop.abort()
  })
  return { signal: stop.signal, interruptedCode: 130 }
}
