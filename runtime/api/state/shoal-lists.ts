import * as z from 'zod'
import { maxListLimit } from './query.ts'

/** Words for the operators of a filter, as they stand between colons. */
export const filterWords = {
  eq: '=',
  ne: '!=',
  contains: 'contains',
  prefix: 'prefix',
  regex: 'regex',
  lt: '<',
  le: '<=',
  gt: '>',
  ge: '>=',
  in: 'in',
  nin: 'not-in',
} as const

/** For the document of the API and for people who write queries. */
export const queryLanguage = `A filter is \`column:operator:value\`, such as \`state:eq:FAILED\`, \`duration_ms:gt:250\`,
\`name:contains:train\` or \`state:in:FAILED,RUNNING\`; \`column=value\`, \`!=\`, \`<\`, \`<=\`, \`>\` and \`>=\` are short for the plain ones.
Operators: eq, ne, lt, le, gt, ge, in, nin (values apart by commas), contains, prefix, regex. The parameter \`filter\` may be repeated; all
filters hold. Texts are compared without regard to case. A row without a value passes ne and nin only. Ids of tasks take eq, ne, in,
nin, prefix and contains. \`sort=column\` or \`sort=-column\` puts in order; rows without a value come last, equal rows in the order in
which they came. \`next\` of an answer, given as \`cursor\` with the same filters and sort, goes on behind its last row, whatever came or
went in between. \`total\` and \`matched\` are exact counts of all rows and of those that pass the filters.`

const many = z
  .union([z.string().transform((value) => [value]), z.array(z.string())])
  .pipe(z.array(z.string().max(4_096)).max(100, 'may come 100 times at most'))
const Flag = z.enum(['true', 'false', '1', '0'], 'must be true or false').transform((text) => text === 'true' || text === '1')

/** What every list below `/api/shoal/v1/` takes. */
export const ShoalListQuery = z.object({
  filter: many.default([]),
  sort: z
    .string()
    .regex(/^-?[a-z_]{1,64}$/, 'must be a column, with - before it for the other way round')
    .optional(),
  /** @default 100 */
  limit: z.coerce.number().int().min(1).max(maxListLimit).default(100),
  cursor: z.string().max(4_096).optional(),
  /** Only these, apart by commas. @default all of a short row */
  columns: z
    .string()
    .regex(/^[a-z_]{1,64}(,[a-z_]{1,64}){0,63}$/, 'must be columns apart by commas')
    .optional(),
  /** Shows every column. @default false */
  detail: Flag.default(false),
  /** Tasks only. @default true */
  exclude_driver: Flag.default(true),
  /** Milliseconds for the questions to nodes. @default 24,000 */
  timeout_ms: z.coerce.number().int().min(1).max(600_000).default(24_000),
})
export type ShoalListQuery = z.infer<typeof ShoalListQuery>

export const ShoalListAnswer = z.object({
  total: z.int().min(0),
  matched: z.int().min(0),
  rows: z.array(z.record(z.string(), z.unknown())).max(maxListLimit),
  next: z.string().nullable(),
  /** What is missing, in sentences. */
  warnings: z.array(z.string()),
  /** Who could not be asked; their rows are missing. */
  failures: z.array(z.string()),
})
export type ShoalListAnswer = z.infer<typeof ShoalListAnswer>

export const shoalListPath = (resource: string): `/${string}` => `/api/shoal/v1/${resource}`
