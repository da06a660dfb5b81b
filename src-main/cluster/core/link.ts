import { backoffMs, type Random } from '../../../runtime/base/random.ts'

/** How we stand with a cluster's head. */
export type LinkPhase =
  | { readonly kind: 'off' }
  /** `attempt` counts from 0; `tryId` tells this try from older ones whose outcome comes late. */
  | { readonly kind: 'connecting'; readonly tryId: number; readonly attempt: number; readonly failingSinceMs: number | null }
  | { readonly kind: 'connected'; readonly tryId: number }
  | { readonly kind: 'waiting'; readonly attempt: number; readonly failingSinceMs: number; readonly retryAtMs: number }
  /** Trying again by itself makes no sense: a person has to do something first. */
  | { readonly kind: 'given-up' }

export type LinkState = {
  phase: LinkPhase
  /** Since it is shown as it is shown. */
  sinceMs: number
  /** Why it is not connected, for people. */
  message: string | null
  code: string | null
  lastTryId: number
  readonly random: Random
}

export type LinkEvent =
  | { readonly type: 'link.start'; readonly nowMs: number }
  | { readonly type: 'link.stop'; readonly nowMs: number }
  /** A person wants it tried now. */
  | { readonly type: 'link.retry'; readonly nowMs: number }
  | { readonly type: 'try.succeeded'; readonly tryId: number; readonly nowMs: number }
  /** It failed, or held for a while and then broke. */
  | { readonly type: 'try.failed'; readonly tryId: number; readonly nowMs: number; readonly failure: LinkFailure }
  | { readonly type: 'timer.fired'; readonly nowMs: number }

export type LinkFailure = { readonly code: string; readonly message: string; readonly isRetryable: boolean }

export type LinkCommand =
  | { readonly do: 'open'; readonly tryId: number }
  /** End what this try opened. */
  | { readonly do: 'close'; readonly tryId: number }
  | { readonly do: 'set-timer'; readonly atMs: number }
  | { readonly do: 'clear-timer' }

/** What people are shown: `record` once it has been away for so long that what was recorded is all there is. */
export type ShownState = 'off' | 'connecting' | 'connected' | 'reconnecting' | 'record'

const quick = { baseMs: 500, maxMs: 15_000 }
/** After a quarter of a minute without it the record is what is shown. */
const recordAfterMs = 15_000
/** A cluster that has been away for long is asked less often. */
const slow = { baseMs: 30_000, maxMs: 60_000 }
const slowAfterMs = 10 * 60_000

export const newLink = (random: Random, nowMs: number): LinkState => ({
  phase: { kind: 'off' },
  sinceMs: nowMs,
  message: null,
  code: null,
  lastTryId: 0,
  random,
})

export function shownState({ phase }: LinkState, nowMs: number): ShownState {
  switch (phase.kind) {
    case 'off':
      return 'off'
    case 'connected':
      return 'connected'
    case 'given-up':
      return 'record'
    case 'connecting':
      if (phase.failingSinceMs === null) return 'connecting'
      return nowMs - phase.failingSinceMs >= recordAfterMs ? 'record' : 'reconnecting'
    case 'waiting':
      return nowMs - phase.failingSinceMs >= recordAfterMs ? 'record' : 'reconnecting'
  }
}

/** All decisions of a link. Changes `state`, returns what the shell must do. */
export function stepLink(state: LinkState, event: LinkEvent): LinkCommand[] {
  const before = shownState(state, event.nowMs)
  const commands = decide(state, event)
  if (shownState(state, event.nowMs) !== before) state.sinceMs = event.nowMs
  return commands
}

function decide(state: LinkState, event: LinkEvent): LinkCommand[] {
  const { phase } = state
  switch (event.type) {
    case 'link.start':
      return phase.kind === 'off' ? open(state, 0, null) : []
    case 'link.stop': {
      if (phase.kind === 'off') return []
      state.phase = { kind: 'off' }
      state.message = null
      state.code = null
      return [{ do: 'clear-timer' }, ...('tryId' in phase ? [{ do: 'close', tryId: phase.tryId } as const] : [])]
    }
    case 'link.retry':
      if (phase.kind === 'given-up') return open(state, 0, event.nowMs)
      return phase.kind === 'waiting' ? [{ do: 'clear-timer' }, ...open(state, 0, phase.failingSinceMs)] : []
    case 'timer.fired':
      return phase.kind === 'waiting' && event.nowMs >= phase.retryAtMs ? open(state, phase.attempt + 1, phase.failingSinceMs) : []
    case 'try.succeeded':
      if (phase.kind !== 'connecting' || phase.tryId !== event.tryId) return []
      state.phase = { kind: 'connected', tryId: event.tryId }
      state.message = null
      state.code = null
      return []
    case 'try.failed':
      if (!('tryId' in phase) || phase.tryId !== event.tryId) return [] // of a try that was given up meanwhile
      return [{ do: 'close', tryId: event.tryId }, ...wait(state, event)]
  }
}

function open(state: LinkState, attempt: number, failingSinceMs: number | null): LinkCommand[] {
  state.lastTryId += 1
  state.phase = { kind: 'connecting', tryId: state.lastTryId, attempt, failingSinceMs }
  return [{ do: 'open', tryId: state.lastTryId }]
}

function wait(state: LinkState, { failure, nowMs }: Extract<LinkEvent, { type: 'try.failed' }>): LinkCommand[] {
  const { phase, random } = state
  state.message = failure.message
  state.code = failure.code
  if (!failure.isRetryable) {
    state.phase = { kind: 'given-up' }
    return []
  }
  const attempt = phase.kind === 'connecting' ? phase.attempt : 0
  const failingSinceMs = phase.kind === 'connecting' ? (phase.failingSinceMs ?? nowMs) : nowMs
  const limits = nowMs - failingSinceMs >= slowAfterMs ? slow : quick
  const retryAtMs = nowMs + backoffMs(attempt, limits, random)
  state.phase = { kind: 'waiting', attempt, failingSinceMs, retryAtMs }
  return [{ do: 'set-timer', atMs: retryAtMs }]
}
