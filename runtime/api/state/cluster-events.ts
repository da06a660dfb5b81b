import * as z from 'zod'
import { AnyRecord } from './fields.ts'

/** `ClusterEventState` of Ray's State API. */
export const ClusterEventStateRow = z.object({
  severity: z.string(),
  /** `YYYY-MM-DD HH:MM:SS` by the head's clock. */
  time: z.string(),
  source_type: z.string(),
  message: z.string(),
  event_id: z.string(),
  custom_fields: AnyRecord.nullish(),
})
export type ClusterEventStateRow = z.infer<typeof ClusterEventStateRow>
