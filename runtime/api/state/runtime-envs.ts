import * as z from 'zod'
import { AnyRecord, Float, Int64 } from './fields.ts'

/** `RuntimeEnvState` of Ray's State API. */
export const RuntimeEnvStateRow = z.object({
  runtime_env: AnyRecord,
  success: z.boolean(),
  creation_time_ms: Float.nullish(),
  node_id: z.string(),
  ref_cnt: Int64.nullish(),
  error: z.string().nullish(),
})
export type RuntimeEnvStateRow = z.infer<typeof RuntimeEnvStateRow>
