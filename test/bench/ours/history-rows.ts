import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger } from '#runtime/base/logger.ts'
import { History } from '#runtime/head/history/history.ts'
import type { TaskQuery } from '#runtime/head/history/messages.ts'
import { scaled } from '../settings.ts'
import { historyBatch, someActor, someNode, someParent } from './history-load.ts'
import type { OurRows } from './row-types.ts'

const batchRows = 5_000
const rounds = 5
/** 10,000 reports a second come in meanwhile. */
const ingest = { everyMs: 50, rows: 500 }

export const historyRows: OurRows = {
  'lists of 1,000,000 task attempts, p95': {
    async sample(scale) {
      const folder = mkdtempSync(join(tmpdir(), 'shoal-bench-history-'))
      const history = new History({ path: join(folder, 'history.sqlite'), logger: silentLogger, limits: { keptBytes: 1e9 } })
      try {
        return await measureLists(history, scaled(1_000_000, scale))
      } finally {
        await history.close()
        rmSync(folder, { recursive: true })
      }
    },
  },
}

type Filter = TaskQuery['filters'][number]
const where = (column: string, operator: Filter['operator'], ...values: string[]): Filter => ({ column, operator, values })

/** Every kind of column in a filter and in an order, short pages and long ones. */
const queries: readonly Pick<TaskQuery, 'filters' | 'sort' | 'limit' | 'isDetailed'>[] = [
  by('task_id', { filters: [] }),
  by('task_id', { filters: [], limit: 1_000, isDetailed: true }),
  by('task_id', { filters: [where('state', '=', 'FAILED')] }),
  by('-name', { filters: [where('name', 'contains', '_19')] }),
  by('-duration_ms', { filters: [where('name', 'regex', '_1.$')] }),
  by('task_id', { filters: [where('task_id', 'contains', 'abc')] }),
  by('parent_task_id', { filters: [where('parent_task_id', '=', someParent)] }),
  by('-parent_task_id', { filters: [] }),
  by('error_message', { filters: [where('error_message', 'contains', '99')] }),
  by('-state', { filters: [], limit: 1_000 }),
  by('-node_id', { filters: [where('node_id', '!=', someNode)], limit: 1_000 }),
  by('-end_time_ms', { filters: [where('duration_ms', '>', '500')], limit: 1_000 }),
  by('-attempt_number', { filters: [where('job_id', '=', '00000001'), where('actor_id', 'in', someActor)] }),
  by('-worker_pid', { filters: [where('worker_pid', '<', '10')] }),
  by('-creation_time_ms', { filters: [where('type', '=', 'ACTOR_TASK'), where('error_type', '!=', 'WORKER_DIED')] }),
]

function by(
  order: string,
  { filters, limit = 100, isDetailed = false }: { filters: readonly Filter[]; limit?: number; isDetailed?: boolean },
) {
  return { filters, sort: { column: order.replace('-', ''), isDescending: order.startsWith('-') }, limit, isDetailed }
}

/** Milliseconds that 95 of 100 lists take at most, from the question to its answer here, while reports come in. */
async function measureLists(history: History, attempts: number): Promise<number> {
  for (let from = 0; from < attempts; from += batchRows) {
    const batch = historyBatch(from, Math.min(attempts, from + batchRows))
    if ((from / batchRows) % 20 === 19) await history.store(batch)
    else history.append(batch)
  }
  let next = attempts
  const timer = setInterval(() => {
    history.append(historyBatch(next, next + ingest.rows))
    next += ingest.rows
  }, ingest.everyMs)
  const tookMs: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    for (const query of queries) {
      const startMs = performance.now()
      await history.queryText({ ...query, after: null, excludeDriver: true })
      tookMs.push(performance.now() - startMs)
    }
  }
  clearInterval(timer)
  return tookMs.sort((one, other) => one - other)[Math.floor(tookMs.length * 0.95)] ?? 0
}
