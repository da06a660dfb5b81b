import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { shownText } from '../../../runtime/base/shown-text.ts'
import type { LiveLines } from '../words/live-lines.ts'

/** Whoever sits at this terminal. */
export type Person = {
  /** False: nobody can be asked. */
  readonly isThere: boolean
  /** One line to the terminal, above what is drawn there. */
  tell(text: string): void
  /** What was typed; undefined when the question was withdrawn, or the terminal closed. `isHidden`: what is typed does not show. */
  ask(prompt: string, options?: { isHidden?: boolean; signal?: AbortSignal }): Promise<string | undefined>
}

/** Questions go to standard error, so that standard output stays what the command prints. */
export function createPerson({ live, onInterrupt }: { live: LiveLines; onInterrupt: () => void }): Person {
  return {
    isThere: process.stdin.isTTY === true && process.stderr.isTTY === true,
    tell(text) {
      const comeBack = live.stepAside()
      process.stderr.write(`${shownText(text)}\n`)
      comeBack()
    },
    async ask(prompt, { isHidden = false, signal } = {}) {
      const comeBack = live.stepAside()
      try {
        return await readLine(shownText(prompt), { isHidden, signal, onInterrupt })
      } finally {
        comeBack()
      }
    },
  }
}

type Reading = { readonly isHidden: boolean; readonly signal: AbortSignal | undefined; readonly onInterrupt: () => void }

function readLine(prompt: string, { isHidden, signal, onInterrupt }: Reading): Promise<string | undefined> {
  if (signal?.aborted) return Promise.resolve(undefined)
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const reader = createInterface({ input: process.stdin, output: isHidden ? nowhere : process.stderr, terminal: true, historySize: 0 })
  if (isHidden) process.stderr.write(prompt) // only now does the terminal show nothing of what is typed
  return new Promise((resolve) => {
    let typed: string | undefined
    const withdraw = () => reader.close()
    signal?.addEventListener('abort', withdraw, { once: true })
    reader.once('SIGINT', () => {
      reader.close()
      onInterrupt()
    })
    reader.once('close', () => {
      signal?.removeEventListener('abort', withdraw)
      if (isHidden || typed === undefined) process.stderr.write('\n')
      resolve(typed)
    })
    reader.question(isHidden ? '' : prompt, (line) => {
      typed = line
      reader.close()
    })
  })
}
