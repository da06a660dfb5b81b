import { ClusterError } from '../../runtime/base/errors.ts'
import type { Outcome } from './core/state.ts'
import { isStepId, runnerOf } from './steps/run-step.ts'
import { failureOf, NotFetched, type StepContext } from './steps/step-context.ts'

/** A step that was told to stop, or has had all its time, is waited for this much longer; then the operation goes on without its answer. */
const afterStopMs = 15_000

const minute = 60_000
/** The longest that a step may take. What waits for people's work, or for a thin line, has hours. */
const longestMs: Readonly<Record<string, number>> = {
  upload: 6 * 60 * minute,
  drain: 7 * 24 * 60 * minute,
  unpack: 15 * minute,
  wheels: 6 * 60 * minute,
  ray: 31 * minute,
}
const usualLongestMs = 5 * minute

/** Runs a step to its outcome, whatever happens: never throws, and always ends. */
export async function performStep(stepId: string, context: StepContext): Promise<Outcome> {
  if (!isStepId(stepId)) return { kind: 'failed', failure: failureOf(new Error(`there is no step ${stepId}`)) }
  const limitMs = longestMs[stepId] ?? usualLongestMs
  const timeUp = new AbortController()
  const timer = setTimeout(() => timeUp.abort(), limitMs)
  const signal = AbortSignal.any([context.signal, timeUp.signal])
  try {
    const work = runnerOf(stepId, context.input)({ ...context, signal })
    work.catch(() => {}) // it may answer when nobody listens any more
    return await Promise.race([work, givenUp(signal)])
  } catch (error) {
    if (error instanceof NotFetched) return { kind: 'not-fetched', why: error.message }
    if (timeUp.signal.aborted) {
      return {
        kind: 'failed',
        failure: failureOf(
          new ClusterError(
            'timeout',
            `"${stepId}" on ${context.machine.name} took longer than ${limitMs / minute} minutes. Look at its log, and retry.`,
          ),
        ),
      }
    }
    return { kind: 'failed', failure: failureOf(error) }
  } finally {
    clearTimeout(timer)
  }
}

function givenUp(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const giveUp = () => setTimeout(() => reject(new ClusterError('link.closed', 'stopped')), afterStopMs).unref()
    if (signal.aborted) giveUp()
    else signal.addEventListener('abort', giveUp, { once: true })
  })
}
