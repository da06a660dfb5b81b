import { expect, test } from 'vitest'
import * as z from 'zod'
import { ClusterError } from '#runtime/base/errors.ts'
import { createLogger, silentLogger } from '#runtime/base/logger.ts'
import { panel } from '#src-main/contract/panel.ts'
import type { CallTable, Handlers } from '#src-main/host/call-table.ts'
import { type Call, createDispatch, type Dispatch, type DispatchOptions } from '#src-main/host/dispatch.ts'

const table = {
  'things.add': {
    input: z.strictObject({ things: z.array(z.strictObject({ name: z.string().min(1), size: z.int().default(1) })).max(3) }),
    output: z.object({ added: z.int() }),
    access: 'change',
  },
  'things.list': { input: z.unknown(), output: z.object({ count: z.int() }), access: 'read' },
  'things.wait': { input: z.unknown(), output: z.object({}), access: 'read' },
} as const satisfies CallTable

type Made = { dispatch: Dispatch; ends: (() => void)[]; signals: AbortSignal[]; log: () => string }

function make(overrides: Partial<Handlers<typeof table>> = {}, options: Partial<DispatchOptions> = {}): Made {
  const ends: (() => void)[] = []
  const signals: AbortSignal[] = []
  let text = ''
  const handlers: Handlers<typeof table> = {
    'things.add': ({ things }) => ({ added: things.reduce((sum, { size }) => sum + size, 0) }),
    'things.list': () => ({ count: 2 }),
    'things.wait': async (_input, { signal }) => {
      signals.push(signal)
      await new Promise<void>((resolve) => ends.push(resolve))
      return {}
    },
    ...overrides,
  }
  const logger = createLogger('test', (line) => void (text += line))
  return { dispatch: createDispatch(table, handlers, { logger, ...options }), ends, signals, log: () => text }
}

const caller = { id: 'browser-1', access: 'change' } as const
const ask = (made: Made, call: Partial<Call>) =>
  made.dispatch({ method: 'things.list', input: undefined, caller, signal: new AbortController().signal, ...call })
const refusal = async (made: Made, call: Partial<Call>) => {
  const answer = await ask(made, call)
  if (answer.ok) throw new Error('it was not refused')
  return answer.error
}

test('a call gets its parsed input, and its output comes back', async () => {
  const answer = await ask(make(), { method: 'things.add', input: { things: [{ name: 'a' }, { name: 'b', size: 4 }] } })
  expect(answer).toEqual({ ok: true, output: { added: 5 } })
})

test('a method that is not in the table is refused by name, whatever it is', async () => {
  const made = make()
  for (const method of ['things.steal', '', '__proto__', 'constructor', 'toString', 'hasOwnProperty'])
    expect(await refusal(made, { method })).toMatchObject({ code: 'not-found', message: expect.stringContaining(JSON.stringify(method)) })
  for (const method of [undefined, null, 7, {}, ['things.list']]) expect((await refusal(made, { method })).code).toBe('not-found')
  expect((await refusal(made, { method: 'x'.repeat(1_000_000) })).message.length).toBeLessThan(400)
})

test('an input that the schema refuses is told by the path of its field, and never by its value', async () => {
  const error = await refusal(make(), { method: 'things.add', input: { things: [{ name: 'a' }, { name: 'b', size: 'hunter2-secret' }] } })
  expect(error).toMatchObject({ code: 'bad-argument', isRetryable: false })
  expect(error.message).toContain('things[1].size')
  expect(JSON.stringify(error)).not.toContain('hunter2-secret')
  expect((await refusal(make(), { method: 'things.add', input: 7 })).message).toContain('the input')
})

test('an input over its limit, or one that is nested without end, never reaches the schema', async () => {
  const made = make({}, { maxInputBytes: 1_000 })
  expect((await refusal(made, { input: 'x'.repeat(1_001) })).code).toBe('too-large')
  expect((await refusal(made, { input: Array.from({ length: 1_000 }, () => 0) })).code).toBe('too-large')
  let deep: unknown = 1
  for (let depth = 0; depth < 100_000; depth += 1) deep = [deep]
  expect((await refusal(make(), { input: deep })).code).toBe('bad-argument')
  expect((await ask(made, { input: 'x'.repeat(900) })).ok).toBe(true)
})

test('a caller that may only look makes no call that changes something', async () => {
  const reader = { id: 'browser-2', access: 'read' } as const
  expect((await refusal(make(), { method: 'things.add', input: { things: [] }, caller: reader })).code).toBe('auth.refused')
  expect((await ask(make(), { method: 'things.list', caller: reader })).ok).toBe(true)
})

test('a ClusterError reaches the caller whole; of any other error only an id, and its text stays in the log', async () => {
  const failing = make({
    'things.list': () => {
      throw new ClusterError('ssh.unreachable', 'host a does not answer', { details: { port: 22 } })
    },
    'things.add': () => Promise.reject(new Error('planted-inner-words')),
  })
  expect(await refusal(failing, {})).toEqual({
    code: 'ssh.unreachable',
    message: 'host a does not answer',
    details: { port: 22 },
    isRetryable: true,
  })
  const error = await refusal(failing, { method: 'things.add', input: { things: [] } })
  expect(error.code).toBe('internal')
  expect(JSON.stringify(error)).not.toContain('planted-inner-words')
  expect(JSON.stringify(error)).not.toContain('dispatch.ts')
  const line = failing.log()
  expect(line).toContain('planted-inner-words')
  expect(line).toContain(String(error.details['requestId']))
})

test('one caller runs so many calls at once, another one is not touched, and a call that ends makes room', async () => {
  const made = make({}, { maxCallsPerCaller: 2 })
  const running = [ask(made, { method: 'things.wait' }), ask(made, { method: 'things.wait' })]
  expect(await refusal(made, {})).toMatchObject({ code: 'too-many-requests', isRetryable: true })
  expect((await ask(made, { caller: { id: 'browser-2', access: 'change' } })).ok).toBe(true)
  for (const end of made.ends) end()
  await Promise.all(running)
  expect((await ask(made, {})).ok).toBe(true)
})

test('a cancelled call is answered at once, its handler is told, and its place is taken until it is over', async () => {
  const made = make({}, { maxCallsPerCaller: 1 })
  const controller = new AbortController()
  const running = refusal(made, { method: 'things.wait', signal: controller.signal })
  controller.abort()
  expect((await running).code).toBe('task.cancelled')
  expect(made.signals[0]?.aborted).toBe(true)
  expect((await refusal(made, {})).code).toBe('too-many-requests')
  made.ends[0]?.()
  await new Promise((resolve) => setImmediate(resolve))
  expect((await ask(made, {})).ok).toBe(true)
  expect((await refusal(made, { method: 'things.wait', signal: controller.signal })).code).toBe('task.cancelled')
  expect(made.signals).toHaveLength(1) // the second was never begun
})

test('with checkOutputs an output that the contract does not know is a failure of ours', async () => {
  const wrong = { 'things.list': () => ({ count: 0.5 }) }
  expect(await ask(make(wrong), {})).toEqual({ ok: true, output: { count: 0.5 } })
  const made = make(wrong, { checkOutputs: true })
  expect((await refusal(made, {})).code).toBe('internal')
  expect(made.log()).toContain('count')
  expect((await ask(make({}, { checkOutputs: true }), {})).ok).toBe(true)
})

test('a table with a missing handler does not pass the compiler', () => {
  // @ts-expect-error things.wait has no handler
  const handlers: Handlers<typeof table> = { 'things.add': () => ({ added: 1 }), 'things.list': () => ({ count: 1 }) }
  expect(Object.keys(handlers)).toHaveLength(2)
})

test('every call of the panel’s contract refuses garbage as an argument, by name', async () => {
  // The table has a handler for each of its calls; none of them may be reached.
  const handlers = Object.fromEntries(Object.keys(panel).map((method) => [method, () => expect.unreachable(method)]))
  const dispatch = createDispatch(panel, handlers as unknown as Handlers<typeof panel>, { logger: silentLogger })
  for (const method of Object.keys(panel)) {
    for (const input of [null, 7, 'x', [], { __proto__: null, surprise: 1 }]) {
      const answer = await dispatch({ method, input, caller, signal: new AbortController().signal })
      expect(answer).toMatchObject({ ok: false, error: { code: 'bad-argument', message: expect.stringContaining(method) } })
    }
  }
})
