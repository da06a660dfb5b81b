import { envelope } from '../../../api/envelope.ts'
import { endHeader, firstOffsetHeader, LogFileQuery, LogsQuery, logSourceHeader, offsetHeader } from '../../../api/logs.ts'
import { ClusterError } from '../../../base/errors.ts'
import { categoryOfLog } from '../../../protocol/log-names.ts'
import { openLogText } from '../../logs/log-text.ts'
import { nodesOf, resolveLog, type ResolveParts } from '../../logs/resolve-log.ts'
import { stripAnsi } from '../../logs/strip-ansi.ts'
import { byteStream } from '../byte-stream.ts'
import { nodeIpOf } from '../../node-ip.ts'
import type { HeadApp, HeadContext, HttpParts } from '../parts.ts'
import { queryValues } from '../request-values.ts'

/** Logs as Ray's clients ask for them (Ray: dashboard/modules/state/state_head.py); where Ray answers 500, 404 or 400 says what is wrong. */
export function logRoutes(app: HeadApp, parts: HttpParts): void {
  app.get('/api/v0/logs', async (context) => {
    const query = queryValues(context, LogsQuery)
    const [nodeId = ''] = nodesOf(query, resolvePartsOf(parts))
    const { files, folders, source } = await parts.logs.list({ nodeId, glob: query.glob })
    const result: Record<string, string[]> = {}
    for (const name of [...folders, ...files.map(({ name: each }) => each)]) (result[categoryOfLog(name)] ??= []).push(name)
    context.header(logSourceHeader, source)
    return context.json(envelope({ result }))
  })
  app.get('/api/v0/logs/file', (context) => answerLog(context, parts, { follows: false }))
  app.get('/api/v0/logs/stream', (context) => answerLog(context, parts, { follows: true }))
}

export function resolvePartsOf({ head, logs, jobs, findTaskLog }: HttpParts): ResolveParts {
  return {
    state: head.state,
    service: logs,
    ipOf: ({ facts }) => nodeIpOf(facts),
    findJobLog: (submissionId) => findJobLog(jobs, submissionId),
    findTaskLog,
  }
}

async function answerLog(context: HeadContext, parts: HttpParts, { follows }: { readonly follows: boolean }): Promise<Response> {
  const query = queryValues(context, LogFileQuery)
  const log = await resolveLog(query, resolvePartsOf(parts))
  const stop = new AbortController()
  const { lines, offset, max_bytes: maxBytes } = query
  const range = follows || offset === undefined ? undefined : { offset, maxBytes: maxBytes ?? Number.MAX_SAFE_INTEGER }
  const text = await openLogText(parts.logs, log, { lines, range, follows: follows && log.end === null, signal: stop.signal })
  const bytes = query.filter_ansi_code ? stripAnsi(text.bytes) : text.bytes
  return new Response(byteStream(bytes, stop), {
    headers: {
      'content-type': 'text/plain',
      'content-disposition': `attachment; filename="${query.download_filename.replace(/[^\w.@%+=:,-]/g, '_')}"`,
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
      [logSourceHeader]: text.isCopy ? 'head-copy' : 'node',
      [offsetHeader]: String(text.offset),
      [firstOffsetHeader]: String(text.firstOffset),
      [endHeader]: String(text.end),
    },
  })
}

function findJobLog(jobs: HttpParts['jobs'], submissionId: string) {
  try {
    return jobs.logFileOf(submissionId)
  } catch (error) {
    if (error instanceof ClusterError) return undefined // no such job, or one that was not submitted
    throw error
  }
}
