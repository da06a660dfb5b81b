import { isShoalVersion } from '../../runtime/api/version.ts'
import { ClusterError } from '../../runtime/base/errors.ts'
import type { ClusterCalls } from './cluster-calls.ts'

/** What a head may or may not be able to do. */
export type Ability = 'events' | 'control' | 'why' | 'metrics' | 'alerts' | 'priorities' | 'logSearch' | 'serve'

export type Capabilities = {
  readonly engine: 'shoal' | 'ray'
  /** Of Ray's API. */
  readonly rayVersion: string
  /** Of Shoal; null for a Ray head. */
  readonly shoalVersion: string | null
  readonly session: string
  /** As the head says it; null where it does not. */
  readonly clusterId: string | null
  /** What is not there, and why, in words for people. */
  readonly missing: Readonly<Partial<Record<Ability, string>>>
}

export const can = ({ missing }: Capabilities, ability: Ability): boolean => missing[ability] === undefined

/** Asked with reading calls only: each stands for the abilities whose routes came with it. */
const questions = [
  { route: 'listAlerts', abilities: ['alerts', 'events'] },
  { route: 'listMetricNames', abilities: ['metrics'] },
  { route: 'pageNodes', abilities: ['control'] },
  { route: 'getWhy', abilities: ['why'] },
  { route: 'listShoalJobs', abilities: ['priorities'] },
] as const satisfies readonly { route: string; abilities: readonly Ability[] }[]

/**
 * Asks a head of ours what it can do.
 * @throws ClusterError `wrong-state` for one that is none of ours; and as every call, when it does not answer or refuses the token
 */
export async function detectCapabilities(client: Pick<ClusterCalls, 'call'>, signal?: AbortSignal): Promise<Capabilities> {
  const more = signal ? { signal } : {}
  const version = await client.call('getVersion', more)
  if (!isShoalVersion(version)) {
    throw new ClusterError(
      'wrong-state',
      `a Ray head (${version.ray_version}) answers where a Shoal head should; connect to it as one of Ray, with its address`,
    )
  }
  const [clusterId, ...lacks] = await Promise.all([
    client.call('getClusterId', more).then(({ data }) => data.clusterId, unlessAbsent),
    ...questions.map(async ({ route, abilities }) => {
      const absent = await client
        .call(route, { ...more, query: { ...(route.includes('Alerts') ? {} : { limit: 1 }) } })
        .then(() => null, unlessAbsent)
      const why = (ability: keyof typeof words) => `this head (${version.ray_version}) has no ${words[ability]}; upgrade it to have them`
      return absent === undefined ? abilities.map((ability) => [ability, why(ability)] as const) : []
    }),
  ])
  return {
    engine: 'shoal',
    rayVersion: version.ray_version.split('+')[0] ?? version.ray_version,
    shoalVersion: version.ray_version.split('+shoal.')[1] ?? null,
    session: version.session_name,
    clusterId: clusterId ?? null,
    missing: { serve: 'what Shoal serves is told by its own programs, not by the head', ...Object.fromEntries(lacks.flat()) },
  }
}

const words = {
  events: 'stream of events, so lists are asked for now and then',
  control: 'way to drain nodes, cancel tasks and kill actors over HTTP',
  why: 'answers to why something waits',
  metrics: 'history of figures',
  alerts: 'alerts',
  priorities: 'priorities of jobs',
} as const satisfies Partial<Record<Ability, string>>

/** Undefined where there is no such route; what else went wrong is thrown. */
function unlessAbsent(error: unknown): undefined {
  if (error instanceof ClusterError && (error.code === 'not-found' || error.code === 'method-refused' || error.code === 'not-supported'))
    return undefined
  throw error
}
