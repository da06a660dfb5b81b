import * as z from 'zod'

const LooseSummary = z.looseObject({
  data: z.looseObject({ result: z.looseObject({ total: z.number(), num_after_truncation: z.number() }) }),
})

/** Of how many tasks there are how many went into a summary of Ray's State API. */
export function countsOfSummary(answer: unknown): { readonly total: number; readonly counted: number } {
  const parsed = LooseSummary.safeParse(answer)
  if (!parsed.success) return { total: 0, counted: 0 }
  const { total, num_after_truncation: counted } = parsed.data.data.result
  return { total, counted }
}

/** The same summary, which says that there are more. */
export function withTotal(answer: unknown, total: number): unknown {
  const { data, ...rest } = LooseSummary.parse(answer)
  return { ...rest, data: { ...data, result: { ...data.result, total } } }
}
