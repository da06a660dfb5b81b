import type { WorkerExit } from '../../protocol/failures.ts'
import type { ActorSpec } from '../../protocol/actors.ts'
import type { GroupSpec } from '../../protocol/groups.ts'
import type { NodeFacts } from '../../protocol/nodes.ts'
import type { Turn } from './events.ts'
import type { SavedSubmission } from './submission-rows.ts'
import type { Actor, ActorPhase, Group, GroupPhase, HeadNode, Job, StopWish } from './state.ts'

/** What is kept of a node: nothing that its next registration says anyway. */
export type SavedNode = {
  readonly facts: NodeFacts
  readonly draining: HeadNode['draining']
  readonly death: { readonly reason: string; readonly diedAtMs: number } | null
}
export type SavedActor = {
  readonly restarts: number
  readonly attempt: number
  readonly version: number
  readonly phase: ActorPhase
  readonly wish: StopWish | null
  readonly lastExit: WorkerExit | null
}
export type SavedGroup = {
  readonly spec: GroupSpec
  readonly creatorNodeId: string
  readonly version: number
  readonly round: number
  /** A first phase is not kept: after a restart its bundles go back when their nodes register. */
  readonly phase: 'waiting' | 'committing' | 'created' | Extract<GroupPhase, { kind: 'removed' }>
  readonly wasCreated: boolean
  readonly placed: readonly { readonly index: number; readonly nodeId: string; readonly round: number; readonly committed: boolean }[]
}

/** One row of the database. Specs of actors have a table of their own: they are big and never change. */
export type SavedRow =
  | { readonly table: 'nodes'; readonly key: string; readonly value: SavedNode }
  | { readonly table: 'jobs'; readonly key: string; readonly value: Job }
  | { readonly table: 'actor-specs'; readonly key: string; readonly value: ActorSpec }
  | { readonly table: 'actors'; readonly key: string; readonly value: SavedActor }
  | { readonly table: 'groups'; readonly key: string; readonly value: SavedGroup }
  | { readonly table: 'submissions'; readonly key: string; readonly value: SavedSubmission }
export type TableName = SavedRow['table']

export function saveNode(turn: Turn, node: HeadNode): void {
  const death = node.phase.kind === 'dead' ? { reason: node.phase.reason, diedAtMs: node.phase.diedAtMs } : null
  save(turn, { table: 'nodes', key: node.nodeId, value: { facts: node.facts, draining: node.draining, death } })
}

export const saveJob = (turn: Turn, job: Job): void => save(turn, { table: 'jobs', key: job.jobId, value: { ...job } })

export const saveActorSpec = (turn: Turn, { spec }: Actor): void => save(turn, { table: 'actor-specs', key: spec.actorId, value: spec })

export function saveActor(turn: Turn, { spec, restarts, attempt, version, phase, wish, lastExit }: Actor): void {
  save(turn, { table: 'actors', key: spec.actorId, value: { restarts, attempt, version, phase, wish, lastExit } })
}

export function saveGroup(turn: Turn, group: Group): void {
  const { spec, creatorNodeId, version, round, phase, wasCreated } = group
  const placed = [...group.placed].map(([index, bundle]) => ({ index, ...bundle }))
  const kept = phase.kind === 'removed' ? phase : phase.kind === 'preparing' ? 'waiting' : phase.kind
  save(turn, { table: 'groups', key: spec.groupId, value: { spec, creatorNodeId, version, round, phase: kept, wasCreated, placed } })
}

export function forget(turn: Turn, table: TableName, key: string): void {
  turn.out.push({ type: 'delete', table, key })
}

const save = (turn: Turn, row: SavedRow): void => void turn.out.push({ type: 'save', row })
