import { type LogSelector, LogSearchQuery, LogStreamOpen } from '../../../api/logs.ts'
import { ClusterError, toError } from '../../../base/errors.ts'
import type { LineFilter } from '../../../protocol/logs.ts'
import { findSources } from '../../logs/find-sources.ts'
import { failedMessage, MergedStream } from '../../logs/merged-stream.ts'
import { actorPlaceOf } from '../../logs/resolve-log.ts'
import { searchNodes, filterOf } from '../../logs/search-nodes.ts'
import type { HeadApp, HttpParts } from '../parts.ts'
import { queryValues } from '../request-values.ts'
import type { ClientSocket } from '../websocket.ts'

const openWithinMs = 10_000
const streamsAtMost = 64
/** Our own, for a stream that failed: the last message says why. */
const failedCode = 4000
const tooManyCode = 4429

/** What Ray has not: a search over all nodes, and one stream of many files. */
export function shoalLogRoutes(app: HeadApp, parts: HttpParts): void {
  app.get('/api/shoal/v1/logs/search', async (context) => context.json(await searchNodes(parts.logs, queryValues(context, LogSearchQuery))))
  let open = 0
  app.webSocket('/api/shoal/v1/logs/stream', () => ({
    run: async (socket) => {
      if (open >= streamsAtMost) return socket.close(tooManyCode, `${streamsAtMost} streams are open already`)
      open += 1
      try {
        await runStream(socket, parts)
      } finally {
        open -= 1
      }
    },
  }))
}

async function runStream(socket: ClientSocket, parts: HttpParts): Promise<void> {
  try {
    const order = await firstMessage(socket)
    const stream = new MergedStream(
      {
        service: parts.logs,
        find: (limit) => findSources({ service: parts.logs, selectors: order.selectors, places, limit }),
        filter: streamFilter(order),
        tail: order.tail,
        resume: order.resume,
      },
      { send: (message) => socket.sendJson(message), signal: socket.signal },
    )
    await stream.run()
  } catch (thrown) {
    if (socket.signal.aborted) return
    const error = toError(thrown)
    if (!(error instanceof ClusterError)) parts.logger.error('logs.stream-failed', { reason: error.message, stack: error.stack })
    await socket.sendJson(failedMessage(error))
    socket.close(failedCode, 'the last message says why')
  }
  function places(actorId: string) {
    return actorPlaceOf(parts.head.state, actorId)
  }
}

/** @throws ClusterError `bad-argument` naming the field, `timeout`. */
function firstMessage(socket: ClientSocket): Promise<LogStreamOpen & { selectors: LogSelector[] }> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new ClusterError('timeout', `the client said nothing for ${openWithinMs} ms; its first message says what to stream`))
    }, openWithinMs)
    timer.unref()
    let isFirst = true
    socket.onMessage((text) => {
      if (!isFirst) return // what else it may say is not known yet
      isFirst = false
      clearTimeout(timer)
      try {
        const parsed = LogStreamOpen.safeParse(JSON.parse(text))
        const issue = parsed.error?.issues[0]
        if (parsed.success) resolve(parsed.data)
        else
          reject(new ClusterError('bad-argument', `${issue?.path.map(String).join('.') || 'the message'}: ${issue?.message ?? 'is wrong'}`))
      } catch {
        reject(new ClusterError('bad-argument', 'the first message must be JSON'))
      }
    })
  })
}

function streamFilter({ text, regex, level, ignore_case: ignoreCase, since_ms: sinceMs, until_ms: untilMs }: LogStreamOpen): LineFilter {
  const filter = filterOf({ text, regex, level, ignore_case: ignoreCase, since: undefined, until: undefined })
  return { ...filter, sinceMs: sinceMs ?? null, untilMs: untilMs ?? null }
}
