import * as z from 'zod'
import { AnyRecord, Int64 } from './fields.ts'

/** `JobState` of Ray's State API; what is a detail there is optional here. */
export const JobStateRow = z.object({
  job_id: z.string().nullable(),
  submission_id: z.string().nullable(),
  entrypoint: z.string(),
  type: z.enum(['SUBMISSION', 'DRIVER']),
  status: z.enum(['PENDING', 'RUNNING', 'STOPPED', 'SUCCEEDED', 'FAILED']),
  message: z.string().nullable(),
  error_type: z.string().nullable(),
  driver_info: z.object({ id: z.string(), node_ip_address: z.string(), pid: z.string() }).nullable(),
  start_time: Int64.nullish(),
  end_time: Int64.nullish(),
  metadata: AnyRecord.nullish(),
  runtime_env: AnyRecord.nullish(),
  driver_agent_http_address: z.string().nullish(),
  driver_node_id: z.string().nullish(),
  driver_exit_code: Int64.nullish(),
})
export type JobStateRow = z.infer<typeof JobStateRow>
