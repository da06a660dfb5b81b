import * as z from 'zod'
import { envelopeOf } from './envelope.ts'

const actorId = z.string().regex(/^[0-9a-f]{32}$/, 'must be an actor id, 32 hexadecimal digits')
export const ActorPath = z.object({ actor_id: actorId })
export const ActorsQuery = z.object({
  /** Comma separated; absent: all. */
  ids: z
    .string()
    .max(400_000)
    .transform((text) => text.split(',').filter((id) => id !== ''))
    .pipe(z.array(actorId).max(10_000))
    .optional(),
})

export const LogicalActor = z.object({
  actorId: z.string(),
  jobId: z.string(),
  address: z.object({ nodeId: z.string(), ipAddress: z.string(), workerId: z.string() }),
  name: z.string(),
  actorClass: z.string(),
  state: z.enum(['DEPENDENCIES_UNREADY', 'PENDING_CREATION', 'ALIVE', 'RESTARTING', 'DEAD']),
  numRestarts: z.union([z.number(), z.string()]).transform(Number),
  pid: z.number(),
  startTime: z.number(),
  endTime: z.number(),
  exitDetail: z.string(),
  requiredResources: z.record(z.string(), z.number()),
  placementGroupId: z.string().nullish(),
})
export type LogicalActor = z.infer<typeof LogicalActor>

export const ActorsAnswer = envelopeOf(z.object({ actors: z.record(z.string(), LogicalActor.nullable()) }))
export const ActorAnswer = envelopeOf(z.object({ detail: LogicalActor }))
