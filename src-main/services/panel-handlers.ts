import type { panel } from '../contract/panel.ts'
import type * as z from 'zod'

type Table = typeof panel
type Context = { readonly signal: AbortSignal }

/** The calls of one noun of the contract, such as `machines`. The host puts all nouns together; one that is missing is a type error there. */
export type PanelHandlers<Noun extends string> = {
  readonly [Method in keyof Table as Method extends `${Noun}.${string}` ? Method : never]: (
    input: z.output<Table[Method]['input']>,
    context: Context,
  ) => z.input<Table[Method]['output']> | Promise<z.input<Table[Method]['output']>>
}
