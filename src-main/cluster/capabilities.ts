import { isShoalVersion } from '../../runtime/api/version.ts'
import { ClusterError } from '../../runtime/base/errors.ts'
import type { ClusterCalls } from './cluster-calls.ts'

/** What a head can do beyond Ray's API. */
export type Ability = 'events' | 'lists' | 'control' | 'why' | 'metrics' | 'alerts' | 'priorities' | 'exactLogs'

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
  { route: 'pageNodes', abilities: ['lists', 'control'] },
  { route: 'getWhy', abilities: ['why'] },
  { route: 'listShoalJobs', abilities: ['priorities', 'exactLogs'] },
] as const satisfies readonly { route: string; abilities: readonly Ability[] }[]

/** Asks a head what it is and what it can do. @throws as every call, when it does not answer or refuses the token */
export async function detectCapabilities(client: Pick<ClusterCalls, 'call'>, signal?: AbortSignal): Promise<Capabilities> {
  const more = signal ? { signal } : {}
  const version = await client.call('getVersion', more)
  const isShoal = isShoalVersion(version)
  const [clusterId, ...lacks] = await Promise.all([
    client.call('getClusterId', more).then(({ data }) => data.clusterId, unlessAbsent),
    ...questions.map(async ({ route, abilities }) => {
      if (!isShoal) return abilities.map((ability) => [ability, `a Ray head (${version.ray_version}) has no ${words[ability]}`] as const)
      const absent = await client
        .call(route, { ...more, query: { ...(route.includes('Alerts') ? {} : { limit: 1 }) } })
        .then(() => null, unlessAbsent)
      const why = (ability: Ability) => `this head (${version.ray_version}) has no ${words[ability]}; upgrade it to have them`
      return absent === undefined ? abilities.map((ability) => [ability, why(ability)] as const) : []
    }),
  ])
  return {
    engine: isShoal ? 'shoal' : 'ray',
    rayVersion: version.ray_version.split('+')[0] ?? version.ray_version,
    shoalVersion: isShoal ? (version.ray_version.split('+shoal.')[1] ?? null) : null,
    session: version.session_name,
    clusterId: clusterId ?? null,
    missing: Object.fromEntries(lacks.flat()),
  }
}

const words: Readonly<Record<Ability, string>> = {
  events: 'stream of events, so lists are asked for now and then',
  lists: 'lists with pages and order of their own, so at most 10,000 rows are shown',
  control: 'way to drain nodes, cancel tasks and kill actors over HTTP',
  why: 'answers to why something waits',
  metrics: 'history of figures',
  alerts: 'alerts',
  priorities: 'priorities of jobs',
  exactLogs: 'log offsets, so a log that broke off is read again from its beginning',
}

/** Undefined where there is no such route; what else went wrong is thrown. */
function unlessAbsent(error: unknown): undefined {
  if (error instanceof ClusterError && (error.code === 'not-found' || error.code === 'method-refused' || error.code === 'not-supported'))
    return undefined
  throw error
}
