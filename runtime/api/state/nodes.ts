import * as z from 'zod'
import { Amounts, Int64 } from './fields.ts'

/** `NodeState` of Ray's State API. */
export const NodeStateRow = z.object({
  node_id: z.string(),
  node_ip: z.string(),
  is_head_node: z.boolean(),
  state: z.enum(['ALIVE', 'DEAD']),
  state_message: z.string().nullish(),
  node_name: z.string(),
  resources_total: Amounts,
  labels: z.record(z.string(), z.string()),
  start_time_ms: Int64.nullish(),
  /** 0 while it lives. */
  end_time_ms: Int64.nullish(),
})
export type NodeStateRow = z.infer<typeof NodeStateRow>
