import * as z from 'zod'

export const LegacyEventsQuery = z.object({
  job_id: z
    .string()
    .regex(/^[A-Za-z0-9_.-]{1,128}$/, 'must be a job id')
    .optional(),
})

/** An event as `/events` has it. */
export const LegacyEvent = z.object({
  eventId: z.string(),
  sourceType: z.string(),
  sourceHostname: z.string(),
  sourcePid: z.number(),
  message: z.string(),
  /** Seconds since 1970. */
  timestamp: z.union([z.string(), z.number()]).transform(String),
  severity: z.string(),
  label: z.string(),
  customFields: z.record(z.string(), z.unknown()).nullish(),
})
export type LegacyEvent = z.infer<typeof LegacyEvent>
