import * as z from 'zod'
import { Int64 } from './fields.ts'
import { taskStates } from '../../base/task-states.ts'
import { workerTypes } from './workers.ts'

export const referenceTypes = [
  'ACTOR_HANDLE',
  'PINNED_IN_MEMORY',
  'LOCAL_REFERENCE',
  'USED_BY_PENDING_TASK',
  'CAPTURED_IN_OBJECT',
  'UNKNOWN_STATUS',
] as const

/** `ObjectState` of Ray's State API: one row for each reference, so an id may come more than once. */
export const ObjectStateRow = z.object({
  object_id: z.string(),
  /** Bytes; -1 when not known. */
  object_size: Int64,
  task_status: z.enum(taskStates),
  attempt_number: Int64,
  reference_type: z.enum(referenceTypes),
  call_site: z.string(),
  type: z.enum(workerTypes),
  pid: Int64,
  ip: z.string(),
})
export type ObjectStateRow = z.infer<typeof ObjectStateRow>

export const ObjectSummaryBody = z.object({
  summary: z.record(
    z.string(),
    z.object({
      total_objects: z.int(),
      total_size_mb: z.number(),
      total_num_workers: z.int(),
      total_num_nodes: z.int(),
      task_state_counts: z.record(z.string(), z.int()),
      task_attempt_number_counts: z.record(z.string(), z.int()),
      ref_type_counts: z.record(z.string(), z.int()),
    }),
  ),
  total_objects: z.int(),
  total_size_mb: z.number(),
  callsite_enabled: z.boolean(),
  summary_by: z.string(),
})
