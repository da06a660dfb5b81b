import * as z from 'zod'

/** What ends besides the thing itself. A list holds at most 1,000 ids; `count` counts all. */
const Affected = z.object({ count: z.int().min(0), ids: z.array(z.string().max(256)).max(1_000) })
export const BlastRadius = z.object({
  nodes: Affected,
  jobs: Affected,
  actors: Affected,
  placement_groups: Affected,
  workers: Affected,
  /** That run or wait now; null where nobody has counted them. */
  tasks: z.int().min(0).nullable(),
  /** Objects that go with their owner; null where nobody could be asked. */
  objects: z.int().min(0).nullable(),
  /** Things to know before one goes on, in words. */
  notes: z.array(z.string().max(1_024)).max(32),
})
export type BlastRadius = z.infer<typeof BlastRadius>

/** Every answer of `POST /api/shoal/v1/<thing>/<id>/<verb>`. With `dry_run=true` nothing is done. */
export const ControlAnswer = z.object({
  target: z.string().max(256),
  action: z.enum(['stop', 'cancel', 'kill', 'end', 'drain', 'remove']),
  dryRun: z.boolean(),
  done: z.boolean(),
  /** What was done, or would be, or why there was nothing to do. */
  message: z.string().max(4_096),
  radius: BlastRadius,
})
export type ControlAnswer = z.infer<typeof ControlAnswer>

const isTrue = z.enum(['true', 'false', '1', '0', 'True', 'False']).transform((text) => text === 'true' || text === 'True' || text === '1')
export const DryRunQuery = z.object({ dry_run: isTrue.default(false) })
export const CancelQuery = DryRunQuery.extend({ force: isTrue.default(false), recursive: isTrue.default(true) })
export const KillQuery = DryRunQuery.extend({ no_restart: isTrue.default(true) })
export const DrainBody = z.object({
  reason: z.string().max(512).default('asked for by an operator'),
  /** How long what runs may go on. 0: as long as it takes. */
  withinMs: z.number().min(0).max(2_592_000_000).default(0),
})

export const controlPaths = {
  stopJob: '/api/shoal/v1/jobs/{id}/stop',
  cancelTask: '/api/shoal/v1/tasks/{id}/cancel',
  killActor: '/api/shoal/v1/actors/{id}/kill',
  endWorker: '/api/shoal/v1/workers/{id}/end',
  drainNode: '/api/shoal/v1/nodes/{id}/drain',
  removeGroup: '/api/shoal/v1/placement_groups/{id}/remove',
} as const

const idPath = (length: number, what: string) =>
  z.object({ id: z.string().regex(new RegExp(`^[0-9a-f]{${length}}$`), `must be a ${what} id of ${length} hex digits`) })
/** A submission id, or the 8 hex digits of a job. */
export const JobPath = z.object({ id: z.string().regex(/^(?!\.+$)[A-Za-z0-9_.-]{1,128}$/, 'must be a job id') })
export const TaskPath = idPath(48, 'task')
export const ActorPath = idPath(32, 'actor')
export const WorkerPath = idPath(56, 'worker')
export const NodePath = idPath(56, 'node')
export const GroupPath = idPath(36, 'placement group')
