import * as z from 'zod'

/** What Ray wraps around most answers: `/nodes`, `/api/v0/*`, `/api/cluster_status` (Ray: dashboard/routes.py `rest_response`). */
export type Envelope<Data> = { readonly result: boolean; readonly msg: string; readonly data: Data }

export const envelope = <Data>(data: Data, msg = ''): Envelope<Data> => ({ result: true, msg, data })

/** Of `/api/v0/*`, with any status but 200. The client shows `msg`. */
export const failedEnvelope = (msg: string): Envelope<{ result: null }> => ({ result: false, msg, data: { result: null } })

export const envelopeOf = <Data extends z.ZodType>(data: Data) => z.object({ result: z.literal(true), msg: z.string(), data })
export const FailedEnvelope = z.object({ result: z.literal(false), msg: z.string() })

/** What a list of `/api/v0/*` carries in `data.result`. `total` ≥ `num_after_truncation` ≥ `num_filtered` ≥ the rows. */
export const stateListOf = <Row extends z.ZodType>(row: Row) =>
  envelopeOf(
    z.object({
      result: z.object({
        total: z.int().min(0),
        num_after_truncation: z.int().min(0),
        num_filtered: z.int().min(0),
        result: z.array(row),
        partial_failure_warning: z.string().nullish(),
        warnings: z.array(z.string()).nullish(),
      }),
    }),
  )
