import { expect, test } from 'vitest'
import { SubmissionWorld } from './submission-world.ts'

const bad = { lost: 0.1, doubled: 0.1, broken: 0.01, headCrash: 0.004, nodeDeath: 0.0015 }
const good = { lost: 0, doubled: 0, broken: 0, headCrash: 0, nodeDeath: 0 }
const seeds = Array.from({ length: 24 }, (_, index) => index + 1)

test.each(seeds)('seed %i: with lost and doubled messages, crashes and dead nodes, every job ends as its one run did', (seed) => {
  const world = new SubmissionWorld(seed, bad)
  const stopped = new Set<string>()
  let submitted = 0
  for (let tick = 0; tick < 1_200; tick += 1) {
    if (submitted < 60 && world.happens(0.08)) world.submit(`j${(submitted += 1)}`)
    if (submitted > 0 && world.happens(0.02)) {
      const submissionId = `j${1 + world.below(submitted)}`
      stopped.add(submissionId)
      world.ask({ type: 'submission.stop', submissionId })
    }
    world.tick()
  }
  world.trouble = good
  for (let tick = 0; tick < 4_000 && (world.heldAtNodes > 0 || tick < 1_500); tick += 1) world.tick()

  const { all, runEnds, active, queue } = world.head.state.submissions
  expect(all.size).toBe(submitted)
  expect([world.heldAtNodes, runEnds.size, active.size, queue.length]).toEqual([0, 0, 0, 0])
  for (const [submissionId, { phase }] of all) {
    const runs = world.runs.filter((run) => run.submissionId === submissionId)
    if (phase.kind !== 'ended') throw new Error(`${submissionId} is ${phase.kind}`)
    const { status, errorType } = phase.end
    const last = runs.at(-1)?.ended
    if (status === 'SUCCEEDED') expect(last).toMatchObject({ kind: 'exited', exitCode: 0 })
    if (status === 'STOPPED') expect(stopped).toContain(submissionId)
    if (errorType === 'JOB_ENTRYPOINT_COMMAND_ERROR') expect(last).toMatchObject({ kind: 'exited', exitCode: 1 })
    if (!stopped.has(submissionId) && errorType !== 'JOB_SUPERVISOR_ACTOR_DIED') expect(runs).toHaveLength(1)
    expect(runs.every(({ isOver }) => isOver)).toBe(true)
    const finished = runs.filter(({ ended }) => ended?.kind === 'exited')
    expect(finished.length).toBeLessThanOrEqual(1)
  }
})
