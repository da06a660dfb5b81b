import { explainMisfit } from '../../protocol/placement/explain-misfit.ts'
import { pickNode } from '../../protocol/placement/pick-node.ts'
import type { Turn } from './events.ts'
import { isResendDue, sentNow } from './indexes.ts'
import type { HeadNode, HeadState } from './state.ts'
import { placementShapeOf, queueKeyOf, type Submission } from './submission.ts'
import { endSubmission, orderRunEnd, sendSubmissionStart, sendSubmissionStop, startSubmission } from './submission-moves.ts'

/** Room comes and goes many times a second on a busy cluster: the queue is looked through at most this often for it. */
const roomEveryMs = 100
/** Beyond its own limit, a setup that its node never reports on is given up after this. */
const setupGraceMs = 60_000

/**
 * Starts what can start, in the order of the queue. One that waits for room lets others pass that ask for something else: a cluster
 * that is full of one kind of work takes the other kind. Last in every step.
 */
export function placeSubmissions(turn: Turn): void {
  const { state, nowMs } = turn
  const { submissions, config } = state
  if (submissions.queue.length === 0) return
  const hasRoomChanged = submissions.triedRoomVersion !== state.roomVersion && nowMs - submissions.triedAtMs >= roomEveryMs
  if (!submissions.isDue && !hasRoomChanged) return
  submissions.isDue = false
  submissions.triedRoomVersion = state.roomVersion
  submissions.triedAtMs = nowMs
  const blocked = new Set<string>()
  for (const submission of [...submissions.queue]) {
    if (submissions.active.size >= config.maxRunningSubmissions) break
    const key = queueKeyOf(submission.spec)
    if (blocked.has(key)) continue
    const node = findNode(turn, submission)
    if (node) startSubmission(turn, submission, node.nodeId)
    else blocked.add(key)
  }
  submissions.isDue = false // what was started has changed nothing for the others
}

function findNode(turn: Turn, { spec }: Submission): HeadNode | undefined {
  const { state, nowMs } = turn
  const avoid = {
    has: (nodeId: string) => isNodeFull(state, nodeId) || (state.submissions.refusals.get(nodeId) ?? 0) > nowMs,
  }
  if (spec.placement === null) {
    const heads = state.livingNodes.filter(({ facts }) => facts.isHead)
    if (heads.length > 0) return heads.find((node) => node.isOpen && !avoid.has(node.nodeId))
  }
  return pickNode(state.livingNodes, placementShapeOf(spec), { random: state.random, avoid })
}

const isNodeFull = (state: HeadState, nodeId: string): boolean =>
  (state.submissions.ofNode.get(nodeId)?.size ?? 0) >= state.config.maxSubmissionsPerNode

/** Which jobs are held back by others, rather than by what the cluster has. Found out once for the whole queue. */
function findHeldBack(state: HeadState): (submission: Submission) => boolean {
  const isFull = state.submissions.active.size >= state.config.maxRunningSubmissions
  const isHeadFull = state.livingNodes.some(({ facts, nodeId }) => facts.isHead && isNodeFull(state, nodeId))
  return ({ spec }) => isFull || (isHeadFull && spec.placement === null)
}

/** Every second: what was left unanswered is sent again, and what has waited too long is given up. `sinceMs`: the last time. */
export function tendSubmissions(turn: Turn, sinceMs: number): void {
  const { state, nowMs } = turn
  const { submissions, config } = state
  for (const [nodeId, untilMs] of submissions.refusals) if (untilMs <= nowMs) submissions.refusals.delete(nodeId)
  submissions.isDue ||= submissions.queue.length > 0
  const isHeldBack = findHeldBack(state)
  for (const submission of [...submissions.queue]) {
    if (isHeldBack(submission)) submission.waitsSinceMs += Math.max(0, nowMs - Math.max(sinceMs, submission.waitsSinceMs))
    else if (nowMs - submission.waitsSinceMs >= config.submissionStartTimeoutMs) giveUp(turn, submission)
  }
  for (const submissionId of submissions.active) {
    const submission = submissions.all.get(submissionId)
    if (submission) tendRun(turn, submission)
  }
  for (const run of [...submissions.runEnds.values()]) if (isResendDue(state, run.sent, nowMs)) orderRunEnd(turn, run)
}

function giveUp(turn: Turn, submission: Submission): void {
  const { state } = turn
  const { submissionStartTimeoutMs } = state.config
  const { why, infeasible } = explainMisfit(state.livingNodes, placementShapeOf(submission.spec))
  const waited = `It waited ${Math.round(submissionStartTimeoutMs / 1_000)} s for a node`
  endSubmission(turn, submission, {
    end: {
      status: 'FAILED',
      message: `${waited}, and never started: ${submission.spec.placement === null ? 'the node of the head takes no work' : why}.`,
      errorType: infeasible ? 'JOB_SUPERVISOR_ACTOR_UNSCHEDULABLE' : 'JOB_SUPERVISOR_ACTOR_START_TIMEOUT',
      exitCode: null,
    },
    mayStillRun: false,
  })
}

function tendRun(turn: Turn, submission: Submission): void {
  const { state, nowMs } = turn
  const { phase, spec, sent } = submission
  if (phase.kind === 'starting' && nowMs - phase.sinceMs > spec.environment.setupTimeoutMs + setupGraceMs) {
    const message = `The node of the job, ${phase.nodeId}, did not start it within ${Math.round((nowMs - phase.sinceMs) / 1_000)} s.`
    return endSubmission(turn, submission, {
      end: { status: 'FAILED', message, errorType: 'JOB_SUPERVISOR_ACTOR_START_TIMEOUT', exitCode: null },
      mayStillRun: true,
    })
  }
  if (sent === null || !isResendDue(state, sent, nowMs)) return
  submission.sent = sentNow(nowMs, sent)
  sendSubmissionStart(turn, submission)
  sendSubmissionStop(turn, submission)
}

/** What many answers about one state share: the queue and the nodes are looked at once. Good until the state changes. */
export type QueueView = {
  /** Its place in the queue: 1 is the next. Undefined once it has a node, or has ended. */
  readonly positionOf: (submission: Submission) => number | undefined
  /** Why no node takes it now. */
  readonly whyWaiting: (submission: Submission) => string
}

export function createQueueView(state: HeadState): QueueView {
  let positions: Map<Submission, number> | undefined
  const reasons = new Map<string, string>()
  return {
    positionOf(submission) {
      positions ??= new Map(state.submissions.queue.map((each, index) => [each, index + 1]))
      return positions.get(submission)
    },
    whyWaiting(submission) {
      const key = queueKeyOf(submission.spec)
      const known = reasons.get(key) ?? whyWaiting(state, submission)
      reasons.set(key, known)
      return known
    },
  }
}

/** Why it does not run yet, for its `message`. */
export function explainPending(state: HeadState, submission: Submission, view: QueueView = createQueueView(state)): string {
  const { phase, progress } = submission
  if (phase.kind === 'starting') return `It starts on node ${phase.nodeId}${progress === '' ? '.' : `: ${progress}`}`
  return `It is number ${view.positionOf(submission) ?? 1} of ${state.submissions.queue.length} in the queue${view.whyWaiting(submission)}`
}

function whyWaiting(state: HeadState, { spec }: Submission): string {
  const { submissions, config, livingNodes } = state
  if (submissions.active.size >= config.maxRunningSubmissions) {
    return `: ${submissions.active.size} jobs run, as many as this cluster runs at a time.`
  }
  if (spec.placement !== null) return ` and waits for a node: ${explainMisfit(livingNodes, placementShapeOf(spec)).why}.`
  const heads = livingNodes.filter(({ facts }) => facts.isHead)
  if (heads.length === 0) return ' and waits for a node.'
  if (heads.every(({ nodeId }) => isNodeFull(state, nodeId))) {
    return `: the node of the head runs ${config.maxSubmissionsPerNode} jobs, as many as one node runs at a time. A job that asks for resources, as with entrypoint_num_cpus, runs elsewhere too.`
  }
  return ' and waits for the node of the head, which takes no work now.'
}
