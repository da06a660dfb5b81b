import type { DatabaseSync } from 'node:sqlite'
import { ClusterError } from '../../../runtime/base/errors.ts'
import type { ApiQuery } from '../../../runtime/client/api-client.ts'

type Work = { func_or_class_name: string; type: string; state_counts: Record<string, number> }

/** Attempts of each function by their state, of all or of one job, as Ray's State API sums them up. @throws ClusterError `bad-argument` for another filter */
export function taskSummaryFromRecord(database: DatabaseSync, query: ApiQuery) {
  const job = jobOf(query)
  const ofJob = job === undefined ? '' : 'AND tasks.job = (SELECT number FROM words WHERE text = ?)'
  const rows = database
    .prepare(
      `SELECT names.text AS name, types.text AS type, states.name AS state, count(*) AS n FROM tasks
       JOIN words AS names ON names.number = tasks.name JOIN words AS types ON types.number = tasks.type JOIN states ON states.code = tasks.state
       WHERE types.text <> 'DRIVER_TASK' ${ofJob} GROUP BY tasks.name, tasks.type, tasks.state`,
    )
    .all(...(job === undefined ? [] : [job]))
  const summary: Record<string, Work> = {}
  const counts = { NORMAL_TASK: 0, ACTOR_TASK: 0, ACTOR_CREATION_TASK: 0 }
  let total = 0
  for (const row of rows) {
    const [name, type, n] = [String(row['name']), String(row['type']), Number(row['n'])]
    const work = (summary[name] ??= { func_or_class_name: name, type, state_counts: {} })
    work.state_counts[String(row['state'])] = (work.state_counts[String(row['state'])] ?? 0) + n
    if (type === 'NORMAL_TASK' || type === 'ACTOR_TASK' || type === 'ACTOR_CREATION_TASK') counts[type] += n
    total += n
  }
  const cluster = {
    ...{
      summary,
      total_tasks: counts.NORMAL_TASK,
      total_actor_tasks: counts.ACTOR_TASK,
      total_actor_scheduled: counts.ACTOR_CREATION_TASK,
    },
    summary_by: 'func_name',
  }
  const result = { node_id_to_summary: { cluster } }
  const all = { total, num_after_truncation: total, num_filtered: total, result, partial_failure_warning: '', warnings: [] as string[] }
  return { result: true, msg: '', data: { result: all } }
}

const textsOf = (value: ApiQuery[string]): string[] =>
  value === undefined ? [] : Array.isArray(value) ? value.map(String) : [String(value)]

function jobOf(query: ApiQuery): string | undefined {
  const [keys, signs, values] = ['filter_keys', 'filter_predicates', 'filter_values'].map((name) => textsOf(query[name]))
  if (keys?.length === 0) return undefined
  if (keys?.length === 1 && keys[0] === 'job_id' && signs?.[0] === '=') return values?.[0]
  throw new ClusterError('bad-argument', 'a record sums up all tasks, or those of one job: filter by job_id = only')
}
