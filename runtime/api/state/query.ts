import * as z from 'zod'
import { stateListOf } from '../envelope.ts'

/** Rows of one answer (`RAY_MAX_LIMIT_FROM_API_SERVER`). */
export const maxListLimit = 10_000

const many = (name: string, max: number) =>
  z
    .union([z.string().transform((value) => [value]), z.array(z.string())])
    .pipe(z.array(z.string().max(4_096)).max(max, `${name} may come ${max} times at most`))

/** Ray's own spellings and no others. */
const Flag = z
  .enum(['True', 'true', '1', 'False', 'false', '0'], 'must be True, true, 1, False, false or 0')
  .transform((text) => /^(true|1)$/i.test(text))

const wholeNumber = (text: string) => /^[+-]?\d{1,9}$/.test(text.trim())
const Whole = z.string().refine(wholeNumber, 'must be a whole number').transform(Number)

/** What every list below `/api/v0/` takes. Filters are three repeated parameters that belong together by position. */
export const StateListQuery = z.object({
  /** @default 100 */
  limit: Whole.refine((value) => value >= 0 && value <= maxListLimit, `must be 0 to ${maxListLimit}`).default(100),
  /** Seconds. @default 30 */
  timeout: Whole.refine((value) => value > 0 && value <= 3_600, 'must be 1 to 3600 seconds').default(30),
  /** Shows every column. @default False */
  detail: Flag.default(false),
  /** Tasks only: leaves out those that stand for drivers. @default True */
  exclude_driver: Flag.default(true),
  filter_keys: many('filter_keys', 100).default([]),
  /** `=` or `!=` */
  filter_predicates: many('filter_predicates', 100).default([]),
  filter_values: many('filter_values', 100).default([]),
  /** Ours: goes on where the answer before ended, by its `next`. */
  cursor: z.string().max(4_096).optional(),
})
export type StateListQuery = z.infer<typeof StateListQuery>

/** Of `/api/v0/<resource>/summarize`. */
export const StateSummaryQuery = StateListQuery.extend({ summary_by: z.string().max(64).optional() })

export const TimelineQuery = z.object({
  job_id: z
    .string()
    .regex(/^[0-9a-f]{8}$/, 'must be 8 hex digits')
    .optional(),
  /** Answers as a file. */
  download: z.string().max(8).optional(),
})

/** The answer of a list: Ray's, and `next`, which is null at the end. */
export const stateAnswerOf = <Row extends z.ZodType>(row: Row) => stateListOf(row)

/** Of a summary: `data.result.result.node_id_to_summary.cluster`. */
export const summaryAnswerOf = <Body extends z.ZodType>(body: Body) =>
  z.object({
    result: z.literal(true),
    msg: z.string(),
    data: z.object({
      result: z.object({
        total: z.int().min(0),
        num_after_truncation: z.int().min(0),
        num_filtered: z.int().min(0),
        result: z.object({ node_id_to_summary: z.object({ cluster: body }) }),
        partial_failure_warning: z.string().nullish(),
        warnings: z.array(z.string()).nullish(),
      }),
    }),
  })
