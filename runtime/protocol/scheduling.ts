import * as z from 'zod'
import { GroupId, NodeId } from './ids.ts'
import { lazyObject } from './lazy-object.ts'

/** Logical amounts by name: `CPU`, `GPU`, `memory` (bytes), and custom ones. Granularity 1/10000. Zero amounts are left out. */
export const Resources = z.record(z.string().min(1).max(256), z.number().min(0).max(1e15))
export type Resources = z.infer<typeof Resources>

export const Labels = z.record(z.string().min(1).max(256), z.string().max(256))
export type Labels = z.infer<typeof Labels>

/** One condition on a node's label: `not-in` also holds for a node without the label (Ray: label_utils). */
export const LabelCondition = lazyObject(() => ({
  key: z.string().min(1).max(256),
  operator: z.enum(['in', 'not-in']),
  values: z.array(z.string().max(256)).min(1).max(64),
}))
export type LabelCondition = z.infer<typeof LabelCondition>
export const LabelSelector = z.array(LabelCondition).max(32)
export type LabelSelector = z.infer<typeof LabelSelector>

export const Strategy = z.lazy(() =>
  z.discriminatedUnion('kind', [
    /** Hybrid: pack nodes below half use first, then the least used; random among the best few. */
    z.object({ kind: z.literal('default') }),
    z.object({ kind: z.literal('spread') }),
    z.object({ kind: z.literal('node'), nodeId: NodeId, soft: z.boolean() }),
    /** `bundleIndex` -1: any bundle that has room. `captureChildren`: tasks started inside inherit the group. */
    z.object({ kind: z.literal('group'), groupId: GroupId, bundleIndex: z.int().min(-1).max(10_000), captureChildren: z.boolean() }),
  ]),
)
export type Strategy = z.infer<typeof Strategy>

/** What a lease or an actor needs of a node. Equal shapes share leases. */
export const Shape = lazyObject(() => ({
  resources: Resources,
  labels: LabelSelector,
  /** Tried in order when no node matches `labels`. */
  fallbackLabels: z.array(LabelSelector).max(8),
  strategy: Strategy,
}))
export type Shape = z.infer<typeof Shape>

/** Device indexes handed out with a lease, by resource: `{ GPU: ['0', '3'] }`. */
export const Devices = z.record(z.string().max(64), z.array(z.string().max(64)).max(256))
export type Devices = z.infer<typeof Devices>
