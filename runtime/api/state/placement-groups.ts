import * as z from 'zod'
import { AnyRecord } from './fields.ts'

export const placementGroupStates = ['PENDING', 'PREPARED', 'CREATED', 'REMOVED', 'RESCHEDULING'] as const

/** `PlacementGroupState` of Ray's State API. */
export const PlacementGroupStateRow = z.object({
  placement_group_id: z.string(),
  name: z.string(),
  creator_job_id: z.string(),
  state: z.enum(placementGroupStates),
  bundles: z.array(AnyRecord).nullish(),
  is_detached: z.boolean().nullish(),
  stats: AnyRecord.nullish(),
  topology_strategy: AnyRecord.nullish(),
  topology_assignments: AnyRecord.nullish(),
})
export type PlacementGroupStateRow = z.infer<typeof PlacementGroupStateRow>
