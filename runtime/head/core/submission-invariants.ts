import { invariant } from '../../base/invariant.ts'
import type { HeadState } from './state.ts'
import { describeStory } from './story.ts'

/** Throws when what is known of submitted jobs contradicts itself. Part of `checkInvariants`. */
export function checkSubmissions(state: HeadState): void {
  const { submissions, nodes, config } = state
  for (const [submissionId, submission] of submissions.all) {
    const { phase } = submission
    const story = `job ${submissionId}: ${describeStory(submission.story)}`
    invariant(submissions.queue.includes(submission) === (phase.kind === 'pending'), `${story}; the queue is wrong`)
    invariant(submissions.ended.has(submissionId) === (phase.kind === 'ended'), `${story}; the list of the ended is wrong`)
    const isActive = phase.kind === 'starting' || phase.kind === 'running'
    invariant(submissions.active.has(submissionId) === isActive, `${story}; the list of the active is wrong`)
    if (!isActive) continue
    const node = nodes.get(phase.nodeId)
    invariant(node && node.phase.kind !== 'dead', `${story}; it is on dead node ${phase.nodeId}`)
    invariant(submissions.ofNode.get(phase.nodeId)?.has(submissionId), `${story}; its node does not list it`)
  }
  invariant(submissions.active.size <= config.maxRunningSubmissions, 'more jobs run than the limit')
  invariant(submissions.ended.size <= config.keptSubmissions, 'more ended jobs are kept than the limit')
  for (const [nodeId, ids] of submissions.ofNode) {
    invariant(ids.size <= config.maxSubmissionsPerNode, `more jobs run on ${nodeId} than the limit`)
    for (const id of ids) invariant(submissions.active.has(id), `node ${nodeId} lists job ${id}, which is not active`)
  }
  for (const { nodeId } of submissions.runEnds.values()) {
    const node = nodes.get(nodeId)
    invariant(node && node.phase.kind !== 'dead', `the end of a run waits for dead node ${nodeId}`)
  }
  for (const node of nodes.values()) {
    for (const key of node.reservations.keys()) {
      if (!key.startsWith('submission:')) continue
      const phase = submissions.all.get(key.slice('submission:'.length))?.phase
      const isPromised = phase?.kind === 'starting' && phase.nodeId === node.nodeId
      invariant(isPromised, `node ${node.nodeId}: nothing is behind the promise ${key}`)
    }
  }
  for (const [index, submission] of submissions.queue.entries()) {
    const next = submissions.queue[index + 1]
    const isOrdered = next === undefined || submission.spec.priority >= next.spec.priority
    invariant(isOrdered, `job ${submission.spec.submissionId} stands before one of higher priority`)
  }
}
