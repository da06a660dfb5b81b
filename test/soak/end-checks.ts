import { setTimeout as delay } from 'node:timers/promises'
import { toError } from '#runtime/base/errors.ts'
import { judgeLog, readLog, type TrackedJob } from './load.ts'
import { clusterName, type SoakCluster } from './soak-cluster.ts'

/** Of every node that ever was, by its id. */
export async function namesOfNodes(cluster: SoakCluster): Promise<ReadonlyMap<string, string>> {
  const { rows } = await cluster.live<{ rows: { node_id: string; node_name: string }[] }>('pageNodes', {
    query: { detail: true, limit: 1_000 },
  })
  return new Map(rows.map(({ node_id: id, node_name: name }) => [id, name]))
}

type JobPage = {
  readonly rows: readonly { readonly id: string; readonly status: string }[]
  readonly counts: Readonly<Record<string, number>>
  readonly total: number
  readonly next?: string | null
}
/** What the head lists: by status, and how many actors and task attempts there are. */
export type Counts = { readonly jobs: Readonly<Record<string, number>>; readonly actors: number }

export async function readCounts(cluster: SoakCluster): Promise<Counts> {
  const { counts } = await cluster.live<JobPage>('listShoalJobs', { query: { limit: 1 } })
  const { total } = await cluster.live<{ total: number }>('pageActors', { query: { limit: 1 } })
  return { jobs: counts, actors: total }
}

const settleMs = 30_000

/** Processes and files of the user on the machines after the cluster was taken down. Sessions of a link that was cut end some time later. */
export async function checkNothingLeft(cluster: SoakCluster): Promise<string[]> {
  const look = () =>
    cluster.hosts.flatMap((host) => [
      ...host.processes().map(({ pid, command }) => `left behind on ${host.name}: process ${pid} ${command.slice(0, 300)}`),
      ...host.listChanges().map((path) => `left behind on ${host.name}: ${path}`),
    ])
  const untilMs = performance.now() + settleMs
  while (look().length > 0 && performance.now() < untilMs) await delay(500)
  return look().slice(0, 40)
}

/** What the panel recorded of a cluster that is gone, beside what the head last said and what is known of the jobs. */
export async function checkRecord(
  cluster: SoakCluster,
  { tracked, counts }: { readonly tracked: readonly TrackedJob[]; readonly counts: Counts },
): Promise<string[]> {
  const problems: string[] = []
  const taken = tracked.filter(({ end }) => end !== undefined)
  const byStatus = Object.entries(Object.groupBy(taken, ({ end }) => end?.status ?? '')).map(([status, jobs]) => [
    status,
    jobs?.length ?? 0,
  ])
  const known = Object.fromEntries(byStatus) as Record<string, number> // of its own entries
  if (textOf(known) !== textOf(counts.jobs))
    problems.push(`the head counts the jobs ${textOf(counts.jobs)}, and seen were ${textOf(known)}`)
  try {
    const { body } = await cluster.call('api.read', { cluster: clusterName, route: 'listShoalJobs', query: { limit: 1 } })
    const recorded = (body as JobPage).counts // as runtime/api has it
    if (textOf(recorded) !== textOf(known)) problems.push(`the record counts the jobs ${textOf(recorded)}, and seen were ${textOf(known)}`)
    const actors = (await cluster.call('api.read', { cluster: clusterName, route: 'pageActors', query: { limit: 1 } })).body as {
      total: number
    } // the same
    if (actors.total !== counts.actors) problems.push(`the record counts ${actors.total} actors, and the head counted ${counts.actors}`)
    for (const job of taken) judgeLog(job, await readLog(cluster, job.known.id), 'in the record, ')
  } catch (error) {
    problems.push(`the record: ${toError(error).message}`)
  }
  return problems
}

const textOf = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([status, count]) => `${status} ${count}`)
    .toSorted()
    .join(', ')
