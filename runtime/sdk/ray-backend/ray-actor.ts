import * as z from 'zod'
import type { ActorIdentity } from '../backend.ts'
import type { Thing } from './things.ts'

/** What must be known of an actor to call it. Kept at Ray's head for who finds it by name. */
export const ActorMeta = z.object({
  name: z.string().nullable(),
  className: z.string(),
  methodNames: z.array(z.string()),
  /** Return counts of methods that give more than one value, or stream (-1). */
  methodReturns: z.record(z.string(), z.int()),
  methodGroups: z.record(z.string(), z.string()),
  /** Names of its concurrency groups. */
  groups: z.array(z.string()),
  /** Calls one handle may have waiting; -1 no limit. */
  maxPendingCalls: z.int(),
})
export type ActorMeta = z.infer<typeof ActorMeta>

/** What a handle holds. The thing keeps the actor alive, unless it has a name and a life of its own. */
export type RayActor = ActorIdentity & { readonly thing: Thing; readonly meta: ActorMeta }

export function identityFor(thing: Thing, meta: ActorMeta): RayActor {
  return {
    get actorId() {
      return thing.actorId ?? thing.objectId
    },
    name: meta.name,
    className: meta.className,
    methodNames: meta.methodNames,
    thing,
    meta,
  }
}
