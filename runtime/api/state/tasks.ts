import * as z from 'zod'
import { taskStates, taskTypes } from '../../base/task-states.ts'
import { Amounts, AnyRecord, Float, Int64 } from './fields.ts'

/** `TaskState` of Ray's State API: one row for each attempt. */
export const TaskStateRow = z.object({
  task_id: z.string(),
  attempt_number: Int64,
  name: z.string(),
  state: z.enum(taskStates),
  job_id: z.string(),
  actor_id: z.string().nullish(),
  type: z.enum(taskTypes),
  func_or_class_name: z.string(),
  parent_task_id: z.string(),
  node_id: z.string().nullish(),
  worker_id: z.string().nullish(),
  worker_pid: Int64.nullish(),
  error_type: z.string().nullish(),
  language: z.string().nullish(),
  required_resources: Amounts.nullish(),
  runtime_env_info: AnyRecord.nullish(),
  placement_group_id: z.string().nullish(),
  events: z.array(z.object({ state: z.string(), created_ms: Float }).loose()).nullish(),
  profiling_data: AnyRecord.nullish(),
  creation_time_ms: Float.nullish(),
  start_time_ms: Float.nullish(),
  end_time_ms: Float.nullish(),
  task_log_info: AnyRecord.nullish(),
  error_message: z.string().nullish(),
  is_debugger_paused: z.boolean().nullish(),
  call_site: z.string().nullish(),
  label_selector: AnyRecord.nullish(),
  fallback_strategy: z.unknown().optional(),
})
export type TaskStateRow = z.infer<typeof TaskStateRow>

export const TaskSummaryBody = z.object({
  summary: z.record(
    z.string(),
    z.object({ func_or_class_name: z.string(), type: z.string(), state_counts: z.record(z.string(), z.int()) }),
  ),
  total_tasks: z.int(),
  total_actor_tasks: z.int(),
  total_actor_scheduled: z.int(),
  summary_by: z.string(),
})
export type TaskSummaryBody = z.infer<typeof TaskSummaryBody>

/** One node of the tree that `summary_by=lineage` answers. */
export type LineageNode = {
  name: string
  key: string
  type: string
  timestamp: number | null
  state_counts: Record<string, number>
  children: LineageNode[]
  link: { type: 'task' | 'actor'; id: string } | null
}
export const LineageNode: z.ZodType<LineageNode> = z.lazy(() =>
  z.object({
    name: z.string(),
    key: z.string(),
    type: z.string(),
    timestamp: z.number().nullable(),
    state_counts: z.record(z.string(), z.int()),
    children: z.array(LineageNode),
    link: z.object({ type: z.enum(['task', 'actor']), id: z.string() }).nullable(),
  }),
)
export const LineageSummaryBody = TaskSummaryBody.extend({ summary: z.array(LineageNode) })

/** A Chrome trace event; Ray answers some without a duration. */
export const TimelineEvent = z
  .object({ name: z.string(), ph: z.string(), cat: z.string().optional(), ts: z.number().optional(), dur: z.number().optional() })
  .loose()
