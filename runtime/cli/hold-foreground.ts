import type { Terminal } from './command.ts'
import { endSessions } from './end-session.ts'
import type { Daemon, StartedSession } from './start-session.ts'

const graceMs = 5_000

/**
 * Stays until somebody interrupts us or a daemon ends, then ends the rest. Resolves with the exit code: 0 after an interrupt, or when
 * the daemons were stopped in order; 1 when one died.
 */
export async function holdForeground({ layout, daemons }: StartedSession, terminal: Terminal): Promise<number> {
  const interrupted = new Promise<undefined>((resolve) => terminal.onInterrupt(() => resolve(undefined)))
  const first = await Promise.race([interrupted, ...daemons.map(deathOf)])
  await endSessions([layout.tempDir], graceMs)
  if (first === undefined) return 0
  terminal.warn(`shoal: the ${first.name} ${first.how}; see ${first.logPath}`)
  return first.isFailure ? 1 : 0
}

type Death = { readonly name: string; readonly how: string; readonly isFailure: boolean; readonly logPath: string }

function deathOf({ name, child, logPath }: Daemon): Promise<Death> {
  return new Promise((resolve) => {
    const settle = (code: number | null, signal: string | null) => {
      const isFailure = code !== 0
      resolve({ name, logPath, isFailure, how: isFailure ? `died (${signal ?? `exit code ${code}`})` : 'was stopped' })
    }
    child.ref() // it was let go when it was ready
    if (child.exitCode !== null || child.signalCode !== null) settle(child.exitCode, child.signalCode)
    else child.once('exit', settle)
  })
}
