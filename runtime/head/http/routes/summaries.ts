import { envelope } from '../../../api/envelope.ts'
import { StateSummaryQuery } from '../../../api/state/query.ts'
import { ClusterError } from '../../../base/errors.ts'
import { actorState } from '../../listings/actor-rows.ts'
import { listObjects, listResource } from '../../listings/list-resource.ts'
import { listRows } from '../../listings/list-rows.ts'
import { isRecordedSite, summarizeObjects, type ObjectRow } from '../../listings/object-rows.ts'
import { resources } from '../../listings/resources.ts'
import type { HeadApp, HeadContext, HttpParts } from '../parts.ts'
import { queryValues } from '../request-values.ts'
import { checkedFilters, workShare } from './state.ts'

/** Nodes of the tree that one answer holds. */
const lineageLimit = 10_000

/** Counts of tasks, actors and objects, of all there are and not of a first few. */
export function summaryRoutes(app: HeadApp, parts: HttpParts): void {
  app.get('/api/v0/tasks/summarize', (context) => summarizeTasks(context, parts))
  app.get('/api/v0/actors/summarize', (context) => summarizeActors(context, parts))
  app.get('/api/v0/objects/summarize', (context) => answerObjects(context, parts))
}

type Facts = {
  readonly total: number
  readonly matched: number
  readonly warnings: readonly string[]
  readonly failures?: readonly string[]
}

function answer(context: HeadContext, cluster: object, { total, matched, warnings, failures = [] }: Facts): Response {
  return context.json(
    envelope({
      result: {
        total,
        num_after_truncation: total,
        num_filtered: matched,
        result: { node_id_to_summary: { cluster } },
        partial_failure_warning: failures.join('\n'),
        warnings: warnings.length === 0 ? null : warnings,
      },
    }),
  )
}

async function summarizeTasks(context: HeadContext, { history }: HttpParts): Promise<Response> {
  const query = queryValues(context, StateSummaryQuery)
  const narrowing = { filters: checkedFilters(query, 'tasks'), excludeDriver: query.exclude_driver }
  const by = query.summary_by ?? 'func_name'
  if (by === 'lineage') {
    const { total, matched, warnings, ...body } = await history.summarizeByLineage(narrowing, lineageLimit)
    return answer(context, { ...body, summary_by: 'lineage' }, { total, matched, warnings })
  }
  if (by !== 'func_name' && by !== 'task_name') {
    throw new ClusterError('bad-argument', `summary_by must be func_name, task_name or lineage, got ${JSON.stringify(by)}`)
  }
  const { total, matched, warnings, ...body } = await history.summarizeByFunction(narrowing)
  return answer(context, { ...body, summary_by: 'func_name' }, { total, matched, warnings })
}

async function summarizeActors(context: HeadContext, parts: HttpParts): Promise<Response> {
  const query = queryValues(context, StateSummaryQuery)
  const filters = checkedFilters(query, 'actors')
  const { state } = parts.head
  const summary: Record<string, { class_name: string; state_counts: Record<string, number> }> = {}
  const rows = filters.length === 0 ? undefined : (await listResource('actors', parts, query.timeout * 1_000)).rows
  const kept =
    rows &&
    new Set(
      listRows(rows, resources.actors.key, { filters, sort: null, limit: rows.length, after: null }).rows.map((row) => row['actor_id']),
    )
  let matched = 0
  for (const actor of state.actors.values()) {
    if (kept && !kept.has(actor.spec.actorId)) continue
    matched += 1
    const { className } = actor.spec
    const name = actorState(actor)
    const entry = Object.hasOwn(summary, className) ? summary[className] : undefined
    const counted = entry ?? { class_name: className, state_counts: {} }
    counted.state_counts[name] = (counted.state_counts[name] ?? 0) + 1
    Object.defineProperty(summary, className, { value: counted, enumerable: true, configurable: true, writable: true }) // a class may be named __proto__
  }
  return answer(context, { summary, total_actors: matched, summary_by: 'class' }, { total: state.actors.size, matched, warnings: [] })
}

async function answerObjects(context: HeadContext, parts: HttpParts): Promise<Response> {
  const query = queryValues(context, StateSummaryQuery)
  const filters = checkedFilters(query, 'objects')
  const { rows, failures, warnings } = await listObjects(parts, query.timeout * 1_000 * workShare)
  const page = listRows(rows, resources.objects.key, { filters, sort: null, limit: rows.length, after: null })
  const body = summarizeObjects(page.rows as readonly ObjectRow[]) // some of the rows above
  return answer(
    context,
    { ...body, callsite_enabled: rows.every(({ call_site: callSite }) => isRecordedSite(callSite)), summary_by: 'callsite' },
    { total: page.total, matched: page.matched, warnings, failures },
  )
}
