import { amountsFrom } from '../../base/fixed-point.ts'
import type { HeldSubmission, SubmissionOrder, SubmissionOutcome } from '../../protocol/jobs.ts'
import type { FromHead, ToHead } from './messages.ts'
import type { Turn } from './events.ts'
import { releaseAllocation } from './holdings.ts'
import { type Allocation, allocate, devicesOf } from './pool.ts'
import type { AgentState } from './state.ts'

type Run = { readonly submissionId: string; readonly attempt: number }

/** One run of a submitted job on this node, until the head has written down how it ended. */
export type LocalSubmission = {
  readonly order: SubmissionOrder
  /** Null: it holds nothing. */
  readonly allocation: Allocation | null
  phase:
    | { readonly kind: 'starting' }
    | { readonly kind: 'running'; readonly pid: number }
    | { readonly kind: 'ended'; readonly outcome: SubmissionOutcome; readonly atMs: number; toldAtMs: number }
  isStopping: boolean
}

/** How often the head hears of an end that it has not acknowledged. */
const tellAgainMs = 2_000
/** A head that acknowledges nothing for so many runs is not ours any more. */
const keptEnds = 20_000

/** Runs a job here. A repeated order is answered again; one of a run that is over tells how it ended. */
export function onSubmissionStart(turn: Turn, { order }: Extract<FromHead, { type: 'submission.start' }>): void {
  const { state } = turn
  const { submissionId, attempt } = order
  const known = state.submissions.get(keyOf(order))
  if (known) return tellAgain(turn, known)
  const wanted = amountsFrom(order.resources)
  const isFree = Object.keys(wanted).length === 0
  const allocation = isFree || state.draining ? null : (allocate(state.pool, wanted, null) ?? null)
  if (state.draining || (!isFree && allocation === null)) {
    turn.out.push({ do: 'tell-head', message: { type: 'submission.refused', submissionId, attempt } })
    return
  }
  state.submissions.set(keyOf(order), { order, allocation, phase: { kind: 'starting' }, isStopping: false })
  if (allocation) state.reportDue = true
  turn.out.push({ do: 'start-submission', order, devices: allocation ? devicesOf(allocation) : {} })
}

/** Ends a run, whatever it is at. One that is not here is said to be unknown. */
export function onSubmissionStop(turn: Turn, run: Run): void {
  const { submissionId, attempt } = run
  const known = turn.state.submissions.get(keyOf(run))
  if (known === undefined) {
    const outcome = { kind: 'unknown' } as const
    turn.out.push({ do: 'tell-head', message: { type: 'submission.ended', submissionId, attempt, outcome, atMs: turn.nowMs } })
    return
  }
  if (known.phase.kind === 'ended') return tellAgain(turn, known)
  if (known.isStopping) return
  known.isStopping = true
  turn.out.push({ do: 'stop-submission', submissionId, attempt })
}

export function onSubmissionTaken(turn: Turn, run: Run): void {
  const known = turn.state.submissions.get(keyOf(run))
  if (known?.phase.kind === 'ended') turn.state.submissions.delete(keyOf(run))
}

/** Its command runs. */
export function onSubmissionRunning(turn: Turn, run: Run & { pid: number }): void {
  const known = turn.state.submissions.get(keyOf(run))
  if (known?.phase.kind !== 'starting') return
  known.phase = { kind: 'running', pid: run.pid }
  tellRunning(turn, known)
}

export function onSubmissionProgress(turn: Turn, run: Run & { what: string }): void {
  const { submissionId, attempt, what } = run
  if (turn.state.submissions.get(keyOf(run))?.phase.kind !== 'starting') return
  turn.out.push({ do: 'tell-head', message: { type: 'submission.progress', submissionId, attempt, what } })
}

/** It is over, and no process of it is left: what it held is free. */
export function onSubmissionEnded(turn: Turn, run: Run & { outcome: SubmissionOutcome }): void {
  const { state, nowMs } = turn
  const known = state.submissions.get(keyOf(run))
  if (known === undefined || known.phase.kind === 'ended') return
  if (known.allocation) releaseAllocation(turn, known.allocation)
  known.phase = { kind: 'ended', outcome: run.outcome, atMs: nowMs, toldAtMs: nowMs }
  tellAgain(turn, known)
  forgetOldest(state)
}

/** Called often: ends that the head has not acknowledged are said again. */
export function repeatSubmissionEnds(turn: Turn): void {
  if (!turn.state.headConnected) return
  for (const known of turn.state.submissions.values()) {
    if (known.phase.kind === 'ended' && turn.nowMs - known.phase.toldAtMs >= tellAgainMs) tellAgain(turn, known)
  }
}

/** The head registered us: it knows from `heldSubmissions` what runs, and hears of every end that it may have missed. */
export function tellSubmissionEnds(turn: Turn): void {
  for (const known of turn.state.submissions.values()) if (known.phase.kind === 'ended') tellAgain(turn, known)
}

export function heldSubmissions(state: AgentState): HeldSubmission[] {
  return [...state.submissions.values()].map(({ order, phase }) => ({
    submissionId: order.submissionId,
    attempt: order.attempt,
    phase: phase.kind,
    pid: phase.kind === 'running' ? phase.pid : 0,
  }))
}

/** Whether anything runs that a drained node waits for. */
export const hasLiveSubmission = (state: AgentState): boolean => [...state.submissions.values()].some(({ phase }) => phase.kind !== 'ended')

function tellAgain(turn: Turn, known: LocalSubmission): void {
  const { phase, order } = known
  const { submissionId, attempt } = order
  if (phase.kind === 'running') return tellRunning(turn, known)
  if (phase.kind !== 'ended') return
  phase.toldAtMs = turn.nowMs
  const message: ToHead = { type: 'submission.ended', submissionId, attempt, outcome: phase.outcome, atMs: phase.atMs }
  turn.out.push({ do: 'tell-head', message })
}

function tellRunning(turn: Turn, { order, phase, allocation }: LocalSubmission): void {
  if (phase.kind !== 'running') return
  const { submissionId, attempt } = order
  const devices = allocation ? devicesOf(allocation) : {}
  turn.out.push({ do: 'tell-head', message: { type: 'submission.running', submissionId, attempt, pid: phase.pid, devices } })
}

function forgetOldest(state: AgentState): void {
  if (state.submissions.size <= keptEnds) return
  for (const [key, { phase }] of state.submissions) {
    if (phase.kind !== 'ended') continue
    state.submissions.delete(key)
    return
  }
}

const keyOf = ({ submissionId, attempt }: Run): string => `${submissionId} ${attempt}`
