import * as z from 'zod'

export const whyPath = '/api/shoal/v1/why'

export const NodeVerdict = z.enum([
  'fits', //         it has room now
  'busy', //         it would do when something there ends
  'too-small', //    it can never hold it
  'labels', //       its labels do not match
  'affinity', //     it is bound to another node, or placed apart from this one
  'draining',
  'unreachable', //  no link now
  'dead',
])

export const WhyNode = z.object({
  nodeId: z.string().max(64),
  nodeName: z.string().max(256),
  verdict: NodeVerdict,
  /** In words. */
  why: z.string().max(2_048),
  missing: z
    .array(z.object({ resource: z.string().max(256), wanted: z.number(), free: z.number(), total: z.number(), short: z.number() }))
    .max(256),
  labels: z.array(z.object({ key: z.string().max(256), wanted: z.string().max(4_096), has: z.string().max(256).nullable() })).max(64),
})
export type WhyNode = z.infer<typeof WhyNode>

export const Why = z.object({
  kind: z.enum(['task', 'actor', 'placement_group', 'job', 'demand']),
  id: z.string().max(256),
  state: z.string().max(64),
  isPending: z.boolean(),
  /** The answer in one or two sentences. */
  why: z.string().max(4_096),
  /** Nothing that runs now has to end for it: a node must join, or what is asked for must change. */
  infeasible: z.boolean(),
  sinceMs: z.number().nullable(),
  asked: z.record(z.string().max(256), z.number()),
  /** Where it is nearest to fit. */
  nearest: z.string().max(64).nullable(),
  nodes: z.array(WhyNode).max(1_000),
  /** Nodes that are not in the list, for its length. */
  nodesLeftOut: z.int().min(0),
})
export type Why = z.infer<typeof Why>

/** What waits, without a name: all pending demand, by what it asks for. */
export const PendingDemand = z.object({
  tasks: z.int().min(0),
  actors: z.int().min(0),
  placement_groups: z.int().min(0),
  demands: z
    .array(
      z.object({
        kind: z.enum(['task', 'actor', 'placement_group']),
        asked: z.record(z.string().max(256), z.number()),
        count: z.int().min(0),
        infeasible: z.boolean(),
        why: z.string().max(4_096),
        nearest: z.string().max(64).nullable(),
        /** Some of them; tasks have none here. */
        ids: z.array(z.string().max(256)).max(100),
      }),
    )
    .max(10_000),
})
export type PendingDemand = z.infer<typeof PendingDemand>

const id = (length: number, what: string) =>
  z.string().regex(new RegExp(`^[0-9a-f]{${length}}$`), `must be a ${what} id of ${length} hex digits`)

/** One of them, or none: then all that waits. */
export const WhyQuery = z.object({
  task: id(48, 'task').optional(),
  actor: id(32, 'actor').optional(),
  group: id(36, 'placement group').optional(),
  job: z
    .string()
    .regex(/^[A-Za-z0-9_.-]{1,128}$/, 'must be a job id')
    .optional(),
})
