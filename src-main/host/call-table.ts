import type * as z from 'zod'

/** One call: what it takes and gives, and whether a caller that may only look may make it. */
export type CallRow = { readonly input: z.ZodType; readonly output: z.ZodType; readonly access: 'read' | 'change' }
export type CallTable = Readonly<Record<string, CallRow>>

/** Who calls. */
export type Caller = {
  /** The same for all calls of one session; no secret. */
  readonly id: string
  readonly access: 'read' | 'change'
}

export type CallContext = {
  readonly caller: Caller
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal
}

/** One function for each call of the table. A missing one is a type error. */
export type Handlers<Table extends CallTable> = {
  readonly [Method in keyof Table]: (
    input: z.output<Table[Method]['input']>,
    context: CallContext,
  ) => z.input<Table[Method]['output']> | Promise<z.input<Table[Method]['output']>>
}
