// For programs under test/programs: each check is one line of JSON on standard output, which run-program.ts turns into one test.
import type { InitOptions } from 'shoal'

/** Checks that do not hold where this program runs now, by their names: a list as JSON. */
const left = new Set(JSON.parse(process.env['SHOAL_TEST_LEAVE_OUT'] ?? '[]') as string[])

/** What `init` is given by a program that wants a cluster of its own: where it is to run on one that is there, it joins that. */
export function ownCluster(options: InitOptions): InitOptions {
  const address = process.env['SHOAL_TEST_JOIN']
  return address === undefined ? options : { address, ...(options.onWarning && { onWarning: options.onWarning }) }
}

/** Runs one check; a later one runs even when this one fails. */
export async function check(name: string, body: () => unknown): Promise<void> {
  if (left.has(name)) return report({ name, leftOut: true })
  const startedMs = performance.now()
  try {
    await body()
    report({ name, ok: true, ms: Math.round(performance.now() - startedMs) })
  } catch (error) {
    report({ name, ok: false, error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  }
}

/** The last line of a program that ran to its end. */
export const finish = (): void => report({ finished: true })

const report = (line: object): void => void process.stdout.write(`\u001e${JSON.stringify(line)}\n`)

/** The error that `promise` rejects with; throws when it does not. */
export async function rejection(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise
  } catch (error) {
    if (error instanceof Error) return error
    throw new Error(`rejected with ${String(error)}, which is not an Error`)
  }
  throw new Error('expected a rejection')
}

/** Resolves when `condition` holds; looks every few ms, and says what it waited for when it gives up. */
export async function until(what: string, condition: () => unknown, limitMs = 20_000): Promise<void> {
  const giveUpAt = performance.now() + limitMs
  while (!(await condition())) {
    if (performance.now() > giveUpAt) throw new Error(`waited ${limitMs} ms for: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
