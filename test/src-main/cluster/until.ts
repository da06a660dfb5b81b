import { setTimeout as delay } from 'node:timers/promises'

/** Waits until `what` holds; fails with its text. */
export async function until(what: () => boolean | Promise<boolean>, withinMs = 20_000): Promise<void> {
  for (const end = performance.now() + withinMs; !(await what()); await delay(20)) {
    if (performance.now() > end) throw new Error(`it did not come to pass: ${String(what)}`)
  }
}
