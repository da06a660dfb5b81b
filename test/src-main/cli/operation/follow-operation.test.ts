import { afterEach, expect, test } from 'vitest'
import { ClusterError } from '#runtime/base/errors.ts'
import { silentLogger } from '#runtime/base/logger.ts'
import { FlagValues } from '#runtime/cli/command.ts'
import type { Context } from '#src-main/cli/context.ts'
import { createInterrupts } from '#src-main/cli/interrupts.ts'
import { followToEnd } from '#src-main/cli/operation/follow-operation.ts'
import { operationFlags } from '#src-main/cli/panel-flags.ts'
import type { PanelSession } from '#src-main/cli/panel-session.ts'
import { createLiveLines } from '#src-main/cli/words/live-lines.ts'
import type { Operation } from '#src-main/contract/operations.ts'
import { topics } from '#src-main/contract/topics.ts'
import { TopicHub } from '#src-main/topics/topic-hub.ts'
import { aRun, aStep, anOperation } from '../builders.ts'

const ending: (() => void)[] = []
afterEach(() => ending.splice(0).forEach((end) => end()))

/** An operation that the test moves on, told over a real hub, and a terminal that is a pipe. */
function setUp(first: Operation, { isJson = false, flags = [] as string[] } = {}) {
  let now = first
  const hub = new TopicHub(topics, { logger: silentLogger, batchMs: 5 })
  ending.push(() => hub.close())
  const move = (next: Partial<Operation>) => {
    now = { ...now, ...next }
    const machines = now.machines.map((machine) => ({
      ...machine,
      steps: machine.steps.map((each) => ({ ...each, command: null, log: '' })),
    }))
    hub.publish('operations', { id: now.id, value: { ...now, machines } }) // as the service does
  }
  const calls: string[] = []
  const panel = {
    async call(method: string, input: { operationId: string }) {
      calls.push(method)
      if (input.operationId !== now.id) throw new ClusterError('not-found', `there is no operation ${input.operationId}`)
      if (method === 'operations.cancel') setTimeout(() => move({ state: 'cancelled', endedAtMs: 3_000 }), 5)
      return now
    },
    subscribe: (topic: string, onEvent: (event: unknown) => void) =>
      hub.subscribe(topic, {}, ({ events }) => events.forEach((event) => onEvent(JSON.parse(event)))),
    async close() {},
  } as unknown as PanelSession // the two calls that following makes
  const printed: string[] = []
  const said: string[] = []
  let interrupt = () => {}
  const terminal = {
    print: (text: string) => void printed.push(text),
    warn: (text: string) => void said.push(text),
    isJson,
    isInteractive: false,
    onInterrupt: (stop: () => void) => void (interrupt = stop),
  }
  const interrupts = createInterrupts(terminal)
  const live = createLiveLines({ isTTY: false, columns: 80, rows: 24, write: () => true })
  const values = new FlagValues(operationFlags, new Map(flags.map((flag) => [flag, ''])))
  const context: Context = { panel, terminal, values, interrupts, live }
  return { context, move, printed, said, calls, interrupt: () => interrupt() }
}

const start = anOperation({
  machines: [aRun('a', { state: 'running', steps: [aStep('Start', { state: 'running', startedAtMs: 1_000 })] })],
})
const step = aStep('Start', { state: 'done', startedAtMs: 1_000, endedAtMs: 2_000, command: 'run it', log: 'well\n' })
const ended = {
  state: 'done',
  endedAtMs: 2_000,
  machines: [aRun('a', { state: 'done', steps: [step] })],
} as const satisfies Partial<Operation>

test('each step that ends is printed, then how all of it ended; the exit code tells', async () => {
  const { context, move, printed } = setUp(start)
  const code = followToEnd(context, start.id)
  setTimeout(() => move(ended), 20)
  expect(await code).toBe(0)
  expect(printed).toEqual(['a: Start: done in 1.0 s\na: done', 'Create lab: done in 1.0 s (1 done).'])
})

test('--verbose adds each command and its log, and --json prints the operation alone', async () => {
  const verbose = setUp(start, { flags: ['verbose'] })
  setTimeout(() => verbose.move(ended), 20)
  expect(await followToEnd(verbose.context, start.id)).toBe(0)
  expect(verbose.printed[0]).toContain('    $ run it\n    | well')
  const json = setUp({ ...start, ...ended }, { isJson: true })
  expect(await followToEnd(json.context, start.id)).toBe(0)
  expect(json.printed.map((text) => JSON.parse(text) as unknown)).toEqual([{ ...start, ...ended }])
})

test('Ctrl-C cancels the operation, says so, and waits for its end', async () => {
  const { context, said, calls, printed, interrupt } = setUp(start)
  const code = followToEnd(context, start.id)
  setTimeout(interrupt, 10)
  expect(await code).toBe(130)
  expect(said[0]).toMatch(/^Cancelling; .*Ctrl-C again/)
  expect(calls).toContain('operations.cancel')
  expect(printed.at(-1)).toContain(`shoal cluster retry ${start.id}`)
})

test('what ended before anybody followed is told as well, and one that is not there is an error', async () => {
  const failed = setUp({
    ...start,
    state: 'failed',
    endedAtMs: 2_000,
    failure: { code: 'timeout', message: 'too late', isRetryable: true },
  })
  expect(await followToEnd(failed.context, start.id)).toBe(1)
  expect(failed.printed.at(-1)).toMatch(/^too late\nCreate lab: failed/)
  await expect(followToEnd(failed.context, 'op-none')).rejects.toThrow('there is no operation op-none')
})
