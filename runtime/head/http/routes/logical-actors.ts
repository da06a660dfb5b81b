import { envelope } from '../../../api/envelope.ts'
import { ActorPath, ActorsQuery } from '../../../api/logical-actors.ts'
import { ClusterError } from '../../../base/errors.ts'
import { actorObject } from '../legacy/actor-object.ts'
import type { HeadApp, HttpParts } from '../parts.ts'
import { pathValues, queryValues } from '../request-values.ts'

/** Actors in one answer at most; `ids` asks for certain ones, `/api/v0/actors` filters. */
const listedAtMost = 10_000

export function logicalActorRoutes(app: HeadApp, { head, metrics }: HttpParts): void {
  const objectOf = (actorId: string) => {
    const actor = head.state.actors.get(actorId)
    if (actor === undefined) return undefined
    return actorObject(actor, actor.phase.kind === 'alive' ? metrics?.latest(actor.phase.nodeId) : undefined)
  }
  app.get('/logical/actors', (context) => {
    const { ids } = queryValues(context, ActorsQuery)
    const wanted = ids ?? [...head.state.actors.keys()].slice(-listedAtMost)
    const actors = Object.fromEntries(wanted.map((actorId) => [actorId, objectOf(actorId) ?? null]))
    return context.json(envelope({ actors }, 'All actors fetched.'))
  })
  app.get('/logical/actors/:actor_id', (context) => {
    const { actor_id: actorId } = pathValues(context, ActorPath)
    const detail = objectOf(actorId)
    if (detail === undefined)
      throw new ClusterError('not-found', `no actor ${actorId} is known here; /logical/actors lists all`, { details: { actorId } })
    return context.json(envelope({ detail }, 'Actor details fetched.'))
  })
}
