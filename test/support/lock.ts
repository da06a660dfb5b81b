import { mkdirSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/** A lock that is older belongs to a run that was killed. */
const staleMs = 180_000

/** Test files run beside each other: one does the work, the others wait for it, and find it done. Blocks. */
export function oneAtATime(lock: string, work: () => void): void {
  mkdirSync(dirname(lock), { recursive: true })
  while (!take(lock)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100)
  try {
    work()
  } finally {
    rmSync(lock, { recursive: true, force: true })
  }
}

function take(lock: string): boolean {
  try {
    mkdirSync(lock)
    return true
  } catch {
    const { mtimeMs } = statSync(lock, { throwIfNoEntry: false }) ?? { mtimeMs: Date.now() }
    if (Date.now() - mtimeMs > staleMs) rmSync(lock, { recursive: true, force: true })
    return false
  }
}
