import * as z from 'zod'
import { Int64 } from './fields.ts'

export const workerTypes = ['WORKER', 'DRIVER', 'SPILL_WORKER', 'RESTORE_WORKER'] as const
export const workerExitTypes = ['SYSTEM_ERROR', 'INTENDED_SYSTEM_EXIT', 'USER_ERROR', 'INTENDED_USER_EXIT', 'NODE_OUT_OF_MEMORY'] as const

/** `WorkerState` of Ray's State API. */
export const WorkerStateRow = z.object({
  worker_id: z.string(),
  is_alive: z.boolean(),
  worker_type: z.enum(workerTypes),
  exit_type: z.enum(workerExitTypes).nullish(),
  node_id: z.string(),
  ip: z.string(),
  pid: Int64,
  exit_detail: z.string().nullish(),
  worker_launch_time_ms: Int64.nullish(),
  worker_launched_time_ms: Int64.nullish(),
  start_time_ms: Int64.nullish(),
  /** 0 while it lives. */
  end_time_ms: Int64.nullish(),
  debugger_port: Int64.nullish(),
  num_paused_threads: Int64.nullish(),
})
export type WorkerStateRow = z.infer<typeof WorkerStateRow>
