import * as z from 'zod'
import { type ErrorCode, isErrorCode } from '../base/errors.ts'
import { lazyObject } from './lazy-object.ts'

export const Code = z.custom<ErrorCode>((value) => typeof value === 'string' && isErrorCode(value), 'not an error code of this version')

/** An operating error as it crosses a process boundary. */
export const Failure = z.object({
  code: Code,
  message: z.string().max(65_536),
  details: z.record(z.string().max(64), z.union([z.string().max(4_096), z.number()])),
})
export type Failure = z.infer<typeof Failure>

/** How a process ended, as its agent saw it. */
export const WorkerExit = lazyObject(() => ({
  /** Null when a signal ended it, or when nobody could see. */
  exitCode: z.int().nullable(),
  signal: z.string().max(32).nullable(),
  pid: z.int().min(0),
  /** Why, when we ended it ourselves: `cancelled`, `killed`, `out-of-memory`, `idle`, `max-calls`, `node-lost`, `owner-gone`, `exit-actor`. */
  reason: z.string().max(64).nullable(),
  /** With `out-of-memory`: what the node, or the container it is in, used of how much when this process was chosen. */
  memory: z.object({ usedBytes: z.number().min(0), totalBytes: z.number().min(0) }).optional(),
  /** Its last lines of output, oldest first. */
  lastLines: z.array(z.string().max(2_048)).max(20),
}))
export type WorkerExit = z.infer<typeof WorkerExit>
