import * as z from 'zod'
import { errorCodes } from '../../runtime/base/errors.ts'

const CallId = z.int().min(0)
const TopicText = z.string().max(200)

/** client → panel. A new subscription to a topic takes the place of the last one. */
export const ClientMessage = z.union([
  z.strictObject({ id: CallId, method: z.string().max(100), input: z.unknown().optional() }),
  z.strictObject({ cancel: CallId }),
  z.strictObject({ subscribe: TopicText, epoch: z.string().max(64).optional(), since: z.int().min(0).optional() }),
  z.strictObject({ unsubscribe: TopicText }),
  z.strictObject({ hidden: z.boolean() }),
])
export type ClientMessage = z.infer<typeof ClientMessage>

const ErrorText = z.object({
  code: z.literal(Object.keys(errorCodes) as (keyof typeof errorCodes)[]), // the keys of that table, which the compiler knows as text only
  message: z.string(),
  details: z.record(z.string(), z.union([z.string(), z.number()])),
  isRetryable: z.boolean(),
})
export type ErrorText = z.infer<typeof ErrorText>

/** `TopicBatch`, with its events as values. */
export const WireBatch = z.object({
  topic: z.string(),
  epoch: z.string(),
  seq: z.int().min(0),
  events: z.array(z.unknown()),
  gap: z.object({ lost: z.int().nullable() }).optional(),
  snapshot: z.enum(['part', 'last']).optional(),
})
export type WireBatch = z.infer<typeof WireBatch>

/** panel → client. `hello` comes first; `refused` ends a subscription. */
export const PanelMessage = z.union([
  z.object({ batches: z.array(WireBatch) }),
  z.object({ id: CallId, ok: z.literal(true), output: z.unknown() }),
  z.object({ id: CallId, ok: z.literal(false), error: ErrorText }),
  z.object({ refused: z.string(), error: ErrorText }),
  z.object({ hello: z.object({ protocol: z.int() }) }),
])
export type PanelMessage = z.infer<typeof PanelMessage>
