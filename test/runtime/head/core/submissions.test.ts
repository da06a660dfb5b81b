import { expect, test } from 'vitest'
import { explainPending } from '#runtime/head/core/submission-queue.ts'
import { answerOf, failureOf, nodeIdOf, sentOf, workerIdOf } from './builders.ts'
import { JobHead, succeeded, wanting } from './submission-builders.ts'

const anHead = (config: ConstructorParameters<typeof JobHead>[0] = {}): JobHead => {
  const head = new JobHead(config)
  head.joinHead()
  return head
}
const why = (head: JobHead, submissionId: string): string => {
  const submission = head.state.submissions.all.get(submissionId)
  return submission ? explainPending(head.state, submission) : ''
}

test('a job that asks for nothing runs on the node of the head, and is saved before anybody is told', () => {
  const head = new JobHead()
  head.join(2)
  head.joinHead(1)
  const commands = head.submit('a', { entrypoint: 'echo hi', metadata: { owner: 'me' } })
  const [start] = sentOf(commands, 'submission.start')
  expect(start?.nodeId).toBe(nodeIdOf(1))
  expect(start?.message.order).toMatchObject({ submissionId: 'a', entrypoint: 'echo hi', resources: {} })
  expect(JSON.parse(start?.message.order.jobConfig ?? '')).toEqual({
    runtime_env: {},
    metadata: { owner: 'me', job_name: 'a', job_submission_id: 'a' },
  })
  expect(commands.findIndex(({ type }) => type === 'save')).toBeLessThan(commands.findIndex(({ type }) => type === 'send'))
  expect(answerOf(commands)).toEqual({ submissionId: 'a' })
})

test('a job goes from pending to running to its end, and its node may forget it only then', () => {
  const head = anHead()
  head.submit('a')
  expect(head.phaseOf('a')).toMatchObject({ kind: 'starting', nodeId: nodeIdOf(1) })
  head.running('a')
  expect(head.phaseOf('a')).toMatchObject({ kind: 'running', pid: 77 })
  const commands = head.ended('a', { kind: 'exited', exitCode: 3, logTail: 'boom' })
  expect(head.endOf('a')).toMatchObject({ status: 'FAILED', errorType: 'JOB_ENTRYPOINT_COMMAND_ERROR', exitCode: 3 })
  expect(head.endOf('a')?.message).toContain('boom')
  expect(sentOf(commands, 'submission.taken')).toHaveLength(1)
  expect(sentOf(head.ended('a', succeeded), 'submission.taken')).toHaveLength(1) // the first answer was lost
  expect(head.endOf('a')?.exitCode).toBe(3)
})

test('an id that is in use is refused, and can be used again once its job is deleted', () => {
  const head = anHead()
  head.submit('a')
  expect(failureOf(head.submit('a'))).toBe('already-exists')
  expect(failureOf(head.remove('a'))).toBe('wrong-state')
  const first = head.runOf('a')
  head.running('a')
  head.ended('a', succeeded)
  expect(answerOf(head.remove('a'))).toEqual({ deleted: true })
  expect(failureOf(head.remove('a'))).toBe('not-found')
  head.submit('a')
  expect(head.runOf('a').attempt).toBeGreaterThan(first.attempt)
  head.say(1, { type: 'submission.ended', ...first, outcome: succeeded, atMs: 1 }) // of the first use, late
  expect(head.phaseOf('a')?.kind).toBe('starting')
})

test('a job that waits is stopped at once; what may run of one that starts is ended too', () => {
  const head = anHead()
  head.submit('waits', wanting(100))
  expect(answerOf(head.stop('waits'))).toEqual({ stopped: true })
  expect(head.endOf('waits')).toMatchObject({ status: 'STOPPED', exitCode: null, errorType: null })
  expect(answerOf(head.stop('waits'))).toEqual({ stopped: false })
  head.submit('starts')
  const commands = head.stop('starts')
  expect(head.endOf('starts')?.status).toBe('STOPPED')
  expect(sentOf(commands, 'submission.stop')).toHaveLength(1)
  expect(sentOf(head.tick(6_000), 'submission.stop').length).toBeGreaterThan(0) // until its node says that it is gone
  head.ended('starts', { kind: 'stopped' })
  expect(sentOf(head.tick(60_000), 'submission.stop')).toHaveLength(0)
})

test('a job that runs is asked to end until it has', () => {
  const head = anHead()
  head.submit('a')
  head.running('a')
  expect(sentOf(head.stop('a'), 'submission.stop')).toHaveLength(1)
  expect(head.phaseOf('a')?.kind).toBe('running')
  expect(sentOf(head.tick(6_000), 'submission.stop').length).toBeGreaterThan(0)
  head.ended('a', { kind: 'stopped' })
  expect(head.endOf('a')).toMatchObject({ status: 'STOPPED', exitCode: null })
})

test('a job with resources goes where they are, and waits in the order of priority where they are not', () => {
  const head = anHead()
  head.join(2, { resources: { CPU: 8 } })
  head.submit('large', wanting(8))
  expect(head.phaseOf('large')).toMatchObject({ kind: 'starting', nodeId: nodeIdOf(2) })
  head.submit('late', wanting(8))
  head.submit('urgent', { ...wanting(8), priority: 5 })
  expect(why(head, 'urgent')).toContain('number 1 of 2')
  expect(why(head, 'late')).toMatch(/number 2 of 2 .* asks for 8 CPU/)
  head.submit('small', wanting(1)) // asks for something else: it does not wait behind them
  expect(head.phaseOf('small')?.kind).toBe('starting')
  head.running('large', 2)
  head.ended('large', succeeded, 2)
  head.say(2, { type: 'node.reported', nodeId: nodeIdOf(2), sequence: 9, available: { CPU: 8 }, demand: [], storeUsedBytes: 0, workers: 0 })
  head.tick(600)
  expect(head.phaseOf('urgent')?.kind).toBe('starting')
  expect(head.phaseOf('late')?.kind).toBe('pending')
})

test('limits hold jobs back with the reason in their message, and a full queue refuses more', () => {
  const head = anHead({ maxRunningSubmissions: 3, maxSubmissionsPerNode: 2, maxPendingSubmissions: 2 })
  for (const id of ['a', 'b', 'c']) head.submit(id)
  expect(head.phaseOf('c')?.kind).toBe('pending')
  expect(why(head, 'c')).toContain('runs 2 jobs, as many as one node runs')
  head.submit('d', { priority: 1 })
  expect(why(head, 'd')).toContain('number 1 of 2')
  expect(failureOf(head.submit('e'))).toBe('limit.reached')
  head.ended('a', succeeded)
  expect(head.phaseOf('d')?.kind).toBe('starting')
  expect(head.phaseOf('c')?.kind).toBe('pending')
})

test('what no node can hold fails after the start time-out, and waiting for others does not count', () => {
  const head = anHead({ submissionStartTimeoutMs: 5_000, maxSubmissionsPerNode: 1 })
  head.submit('first')
  head.submit('second') // waits for its turn
  head.submit('huge', wanting(100))
  head.tick(4_000)
  expect(head.phaseOf('huge')?.kind).toBe('pending')
  head.tick(3_000)
  expect(head.endOf('huge')).toMatchObject({ status: 'FAILED', errorType: 'JOB_SUPERVISOR_ACTOR_UNSCHEDULABLE' })
  expect(head.endOf('huge')?.message).toContain('100 CPU')
  expect(head.phaseOf('second')?.kind).toBe('pending')
})

test('a node that has no room after all is passed over for a moment', () => {
  const head = anHead()
  head.submit('a', wanting(1))
  const commands = head.say(1, { type: 'submission.refused', ...head.runOf('a') })
  expect(head.phaseOf('a')?.kind).toBe('pending')
  expect(sentOf(commands, 'submission.start')).toHaveLength(0)
  head.tick(3_000)
  expect(head.phaseOf('a')?.kind).toBe('starting')
})

test('a job whose node dies has failed, with the name of the node and why', () => {
  const head = anHead()
  head.join(2, { resources: { CPU: 8 } })
  head.submit('a', wanting(8))
  head.running('a', 2)
  head.say(2, { type: 'node.leaving', nodeId: nodeIdOf(2) })
  expect(head.endOf('a')).toMatchObject({ status: 'FAILED', errorType: 'JOB_SUPERVISOR_ACTOR_DIED' })
  expect(head.endOf('a')?.message).toContain(nodeIdOf(2))
  expect(head.endOf('a')?.message).toContain('it left')
})

test('a restarted head knows every job: those that wait, start, run and ended', () => {
  const head = anHead({ maxSubmissionsPerNode: 2 })
  for (const id of ['ended', 'runs']) head.submit(id)
  head.running('runs')
  head.ended('ended', succeeded)
  for (const id of ['starts', 'waits']) head.submit(id)
  const runs = head.runOf('runs')
  head.restart()
  expect(['ended', 'runs', 'starts', 'waits'].map((id) => head.phaseOf(id)?.kind)).toEqual(['ended', 'running', 'starting', 'pending'])
  const commands = head.joinHead()
  expect(head.endOf('runs')).toMatchObject({ errorType: 'JOB_SUPERVISOR_ACTOR_DIED' }) // its node does not list it
  expect(sentOf(commands, 'submission.start').map(({ message }) => message.order.submissionId)).toContain('starts')
  expect(head.runOf('waits').attempt).toBeGreaterThan(runs.attempt)
})

test('a node that comes back after the head was away says what runs, and then how it ended meanwhile', () => {
  const head = anHead()
  for (const id of ['a', 'b']) head.submit(id)
  head.running('a')
  head.running('b')
  const a = head.runOf('a')
  const b = head.runOf('b')
  head.restart()
  const facts = { ...head.state.nodes.get(nodeIdOf(1))!.facts }
  head.join(1, {
    facts,
    submissions: [
      { ...a, phase: 'running', pid: 77 },
      { ...b, phase: 'ended', pid: 0 },
      { submissionId: 'stranger', attempt: 3, phase: 'running', pid: 5 },
    ],
  })
  expect(head.phaseOf('a')?.kind).toBe('running')
  expect(head.phaseOf('b')?.kind).toBe('running') // until it says how it ended
  expect(head.state.submissions.runEnds.size).toBe(1) // nobody knows of the stranger
  head.say(1, { type: 'submission.ended', ...b, outcome: succeeded, atMs: 5 })
  expect(head.endOf('b')?.status).toBe('SUCCEEDED')
})

test('a driver that joins from inside a job is linked with it, and the last one counts', () => {
  const head = anHead()
  head.submit('a')
  head.running('a')
  for (const worker of [5, 6]) {
    head.ask(
      { type: 'job.register', driverId: workerIdOf(worker), pid: worker, entrypoint: 'x', namespace: null, submissionId: 'a' },
      { worker },
    )
  }
  expect(head.state.submissions.all.get('a')?.driver).toEqual({ jobId: '00000002', nodeId: nodeIdOf(1), pid: 6 })
  expect(head.state.jobs.get('00000001')?.submissionId).toBe('a')
  head.ask(
    { type: 'job.register', driverId: workerIdOf(7), pid: 7, entrypoint: 'x', namespace: null, submissionId: 'nobody' },
    { worker: 7 },
  )
  expect(head.state.jobs.get('00000003')?.submissionId).toBeUndefined()
})

test('finished jobs are kept up to the limit, the oldest goes first', () => {
  const head = anHead({ keptSubmissions: 2 })
  for (const id of ['a', 'b', 'c']) {
    head.submit(id)
    head.ended(id, succeeded)
  }
  expect([...head.state.submissions.all.keys()]).toEqual(['b', 'c'])
  head.restart()
  expect([...head.state.submissions.ended]).toEqual(['b', 'c'])
})

test('a setup that its node never reports on is given up, and ended there', () => {
  const head = anHead({ deadAfterMs: 10_000_000 })
  head.submit('a')
  head.tick(600_000)
  expect(head.phaseOf('a')?.kind).toBe('starting')
  const commands = head.tick(70_000)
  expect(head.endOf('a')?.errorType).toBe('JOB_SUPERVISOR_ACTOR_START_TIMEOUT')
  expect(sentOf(commands, 'submission.stop').length).toBeGreaterThan(0)
})
