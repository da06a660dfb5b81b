import type { LogSelector, LogStreamMessage } from '../../runtime/api/logs.ts'
import { ClusterError } from '../../runtime/base/errors.ts'
import type { ApiQuery } from '../../runtime/client/api-client.ts'
import type { LogStreamQuestion } from './cluster-calls.ts'
import type { ClusterClient } from './cluster-client.ts'
import { lineMessages, selectorOf, TextLines } from './text-lines.ts'

/**
 * One log of a head that has no stream of many, as a Ray head. Its places count from where the head began, so it cannot be resumed.
 * @throws ClusterError `not-supported` for more than one log, and when the connection broke
 */
export async function* streamPlainLog(
  client: Pick<ClusterClient, 'followLogFile'>,
  { selectors, tail, resume, signal, ...filter }: LogStreamQuestion,
): AsyncGenerator<LogStreamMessage> {
  const query = queryOf(selectors)
  if (Object.keys(resume).length > 0) throw cannot('cannot go on where a log was; follow it anew')
  const [{ node_id: nodeId = '', file = '', submission_id: job = null, pid = null, stream = null } = {}] = selectors
  const key = `${nodeId}/${job ?? (file || 'log')}`
  const start = { worker_id: null, job_id: null, submission_id: job, pid, stream, offset: 0 }
  yield { type: 'source', source: 1, key, node_id: nodeId, file, ...start }
  const selector = selectorOf(filter)
  const lines = new TextLines(0, Number.POSITIVE_INFINITY)
  const decoder = new TextDecoder()
  const told = (isAll: boolean) =>
    lineMessages(lines.take(isAll), { source: 1, selector, readAtMs: Date.now(), next: isAll ? lines.end : lines.lineStart })
  for await (const bytes of client.followLogFile({ ...query, lines: tail }, signal)) {
    const text = decoder.decode(bytes, { stream: true })
    lines.push({ offset: lines.end, next: lines.end + Buffer.byteLength(text), text })
    yield* told(false)
  }
  yield* told(true)
  if (!signal?.aborted) yield { type: 'end', source: 1, reason: 'the head ended it' }
}

function queryOf(selectors: readonly LogSelector[]): ApiQuery {
  const [selector, more] = selectors
  if (selector === undefined || more !== undefined) throw cannot('has no stream of many logs; choose one')
  const { node_id, submission_id, actor_id, pid, file, stream: suffix, job_id, worker_id } = selector
  if (job_id === undefined && worker_id === undefined) {
    if (submission_id !== undefined) return { submission_id }
    if (actor_id !== undefined) return { actor_id, suffix }
    if (node_id !== undefined && pid !== undefined) return { node_id, pid, suffix }
    if (node_id !== undefined && file !== undefined && !/[*?[]/.test(file)) return { node_id, filename: file }
  }
  throw cannot('has no stream of many logs; choose one file of a node, one job, actor or process')
}

const cannot = (what: string) => new ClusterError('not-supported', `this head ${what}`)
