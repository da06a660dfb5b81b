import { ClusterError } from '../../runtime/base/errors.ts'
import { inOrder } from './in-order.ts'

/** Wrong attempts that cost no wait; from then on the wait doubles. */
const freeAttempts = 3
const longestWaitMs = 60_000

/**
 * One attempt at a time, and after a few wrong ones not before a wait: guessing through the panel stays slow, however it is asked.
 * An attempt returns undefined for a wrong passphrase.
 * @throws ClusterError `auth.refused`; `too-many-requests` with `details.waitMs`
 */
export function createPassphraseGate(nowMs: () => number): <T>(attempt: () => Promise<T | undefined>) => Promise<T> {
  const oneByOne = inOrder()
  let wrong = 0
  let closedUntilMs = 0
  return (attempt) =>
    oneByOne(async () => {
      const waitMs = closedUntilMs - nowMs()
      if (waitMs > 0) {
        const text = `${wrong} wrong passphrases in a row: try again in ${Math.ceil(waitMs / 1_000)} s`
        throw new ClusterError('too-many-requests', text, { details: { waitMs } })
      }
      const result = await attempt()
      if (result !== undefined) {
        wrong = 0
        return result
      }
      wrong += 1
      if (wrong >= freeAttempts) closedUntilMs = nowMs() + Math.min(longestWaitMs, 1_000 * 2 ** (wrong - freeAttempts))
      throw new ClusterError('auth.refused', 'that is not the passphrase of the vault. Nothing was opened or changed; try again.')
    })
}
