import * as z from 'zod'
import { Amounts, AnyRecord, Int64 } from './fields.ts'

export const actorStates = ['DEPENDENCIES_UNREADY', 'PENDING_CREATION', 'ALIVE', 'RESTARTING', 'DEAD'] as const

/** `ActorState` of Ray's State API. */
export const ActorStateRow = z.object({
  actor_id: z.string(),
  class_name: z.string(),
  state: z.enum(actorStates),
  job_id: z.string(),
  name: z.string().nullish(),
  node_id: z.string().nullish(),
  pid: Int64.nullish(),
  ray_namespace: z.string().nullish(),
  serialized_runtime_env: z.string().nullish(),
  required_resources: Amounts.nullish(),
  death_cause: AnyRecord.nullish(),
  is_detached: z.boolean().nullish(),
  placement_group_id: z.string().nullish(),
  repr_name: z.string().nullish(),
  num_restarts: Int64.optional(),
  num_restarts_due_to_lineage_reconstruction: Int64.optional(),
  num_restarts_due_to_node_preemption: Int64.optional(),
  call_site: z.string().nullish(),
  label_selector: AnyRecord.nullish(),
  fallback_strategy: z.unknown().optional(),
})
export type ActorStateRow = z.infer<typeof ActorStateRow>

export const ActorSummaryBody = z.object({
  summary: z.record(z.string(), z.object({ class_name: z.string(), state_counts: z.record(z.string(), z.int()) })),
  total_actors: z.int(),
  summary_by: z.string(),
})
