import * as z from 'zod'
import { ClusterId, MachineId } from './machines.ts'

/** `op-` and 16 hex digits. */
export const OperationId = z.string().regex(/^op-[0-9a-f]{16}$/)

/** What failed, with which values, and what to do next: the message of an error of ours holds all three. */
export const Failure = z.object({ code: z.string(), message: z.string().max(8_192), isRetryable: z.boolean() })
export type Failure = z.infer<typeof Failure>

export const StepState = z.enum(['waiting', 'running', 'done', 'skipped', 'failed', 'cancelled'])
export type StepState = z.infer<typeof StepState>

/** One step on one machine. */
export const Step = z.object({
  /** Such as `connect`, `probe`, `upload`, `unpack`, `start`, `verify`. */
  id: z.string().max(64),
  title: z.string().max(256),
  state: StepState,
  startedAtMs: z.number().nullable(),
  endedAtMs: z.number().nullable(),
  progress: z.object({ done: z.number(), total: z.number(), unit: z.enum(['bytes', 'items']) }).nullable(),
  /** What is run there, whole, so that it can be read and repeated by hand; null for what runs nothing. */
  command: z.string().max(65_536).nullable(),
  /** Its output, the end of it. Secrets never stand in it. */
  log: z.string().max(65_536),
  /** Why it was skipped, or how it ended, in a few words: `payload is there`. */
  note: z.string().max(1_024).nullable(),
})
export type Step = z.infer<typeof Step>

export const MachineRun = z.object({
  machineId: MachineId,
  name: z.string(),
  role: z.enum(['head', 'worker', 'none']),
  state: StepState,
  steps: z.array(Step).max(64),
  failure: Failure.nullable(),
})
export type MachineRun = z.infer<typeof MachineRun>

/** Long work on machines. It goes on whoever looks; a panel that is started again finds it as `interrupted`, and `retry` continues it. */
export const Operation = z.object({
  id: OperationId,
  kind: z.enum(['create', 'add', 'drain', 'remove', 'restart', 'upgrade', 'down', 'clean']),
  title: z.string().max(512),
  clusterId: ClusterId.nullable(),
  state: z.enum(['running', 'done', 'partly-done', 'failed', 'cancelled', 'interrupted']),
  startedAtMs: z.number(),
  endedAtMs: z.number().nullable(),
  machines: z.array(MachineRun).max(4_096),
  failure: Failure.nullable(),
})
export type Operation = z.infer<typeof Operation>
