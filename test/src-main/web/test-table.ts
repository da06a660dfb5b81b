// What the served test panel offers; shared by the process that serves it and the tests that ask.
import * as z from 'zod'
import type { CallTable } from '#src-main/host/call-table.ts'
import type { TopicTable } from '#src-main/topics/topic-table.ts'

const nothing = z.strictObject({})

export const calls = {
  echo: { input: z.strictObject({ text: z.string() }), output: z.object({ text: z.string() }), access: 'read' },
  large: { input: z.strictObject({ bytes: z.int() }), output: z.string(), access: 'read' },
  fail: { input: nothing, output: nothing, access: 'change' },
  /** Never ends by itself. */
  wait: { input: nothing, output: nothing, access: 'read' },
  /** Publishes the numbers `from` to `from + count - 1` on `log/…`, at a rate or at once, each followed by so much text. */
  publish: {
    input: z.strictObject({ topic: z.string(), from: z.int(), count: z.int(), bytes: z.int().default(0), perSecond: z.int().default(0) }),
    output: nothing,
    access: 'change',
  },
  set: { input: z.strictObject({ id: z.int(), value: z.int() }), output: nothing, access: 'change' },
  facts: {
    input: nothing,
    output: z.object({
      waiting: z.int(),
      aborted: z.int(),
      cpuMs: z.number(),
      rssBytes: z.number(),
      title: z.string(),
      argv: z.array(z.string()),
      pressure: z.array(z.boolean()),
    }),
    access: 'read',
  },
} as const satisfies CallTable

export const LogEvent = z.tuple([z.int(), z.string()])
export const ThingEvent = z.object({ id: z.int(), value: z.int() })

export const topics = {
  log: { pattern: 'log/:id', event: LogEvent },
  terminal: { pattern: 'terminal/:id', event: LogEvent, isImmediate: true, access: 'change' },
  things: { pattern: 'things', event: ThingEvent, key: 'id' },
} as const satisfies TopicTable

/** Thrown inside the panel; no answer may hold it. */
export const innerWords = 'words-that-stay-inside-4711'
