import type { toAgentFromHead, toHeadFromAgent } from '../../protocol/nodes.ts'
import type { toAgentFromOwner, toOwnerFromAgent } from '../../protocol/leases.ts'
import type { ActorConstruct, ActorConstructed } from '../../protocol/actors.ts'
import type { WorkerAssign } from '../../protocol/tasks.ts'

type Parsed<Schema extends { parse: (value: unknown) => unknown }> = ReturnType<Schema['parse']>
type AnyOf<Table extends Record<string, { parse: (value: unknown) => unknown }>> = {
  [Name in keyof Table]: Parsed<Table[Name]>
}[keyof Table]

/** What the tables of the protocol let through on each link, as unions. */
export type FromHead = AnyOf<typeof toAgentFromHead>
export type ToHead = Exclude<AnyOf<typeof toHeadFromAgent>, { type: 'events.batch' }>
export type FromOwner = AnyOf<typeof toAgentFromOwner>
export type ToOwner = AnyOf<typeof toOwnerFromAgent>
export type AssignWorker = Parsed<typeof WorkerAssign>
export type ConstructActor = Parsed<typeof ActorConstruct>
export type ActorConstruction = Parsed<typeof ActorConstructed>
