import type { LogSearchLine, LogSearchPage, LogSearchQuery } from '../../api/logs.ts'
import { ClusterError, toError } from '../../base/errors.ts'
import { isId } from '../../base/ids.ts'
import { isLogName } from '../../protocol/log-names.ts'
import type { LineFilter } from '../../protocol/logs.ts'
import type * as z from 'zod'
import type { LogService } from './log-service.ts'

type Query = z.infer<typeof LogSearchQuery>
type Place = { readonly nodeId: string; readonly file: string; readonly offset: number }

/** Of one answer over all nodes, and of one question to a node. */
const answerMs = 6_000
const askMs = 2_000

/**
 * One page of a search over all nodes: node by node in order of id, so that a cursor is one place. What could not be searched is in the
 * warnings. @throws ClusterError `bad-argument` for a bad or slow pattern, or a cursor that is none of ours.
 */
export async function searchNodes(service: LogService, query: Query): Promise<LogSearchPage> {
  const filter = filterOf(query)
  const nodeIds = (query.node_id === undefined ? [...service.nodeIds] : [query.node_id]).sort()
  const lines: z.infer<typeof LogSearchLine>[] = []
  const warnings: string[] = []
  const untilMs = performance.now() + answerMs
  const page = (next: Place | null) => ({
    lines,
    next_cursor: next === null ? null : encodeCursor(next),
    scanned_bytes: scannedBytes,
    warnings,
  })
  let scannedBytes = 0
  let place = query.cursor === undefined ? undefined : decodeCursor(query.cursor)
  for (const nodeId of nodeIds) {
    if (place !== undefined && nodeId < place.nodeId) continue
    let after = place?.nodeId === nodeId && place.file !== '' ? { file: place.file, offset: place.offset } : null
    for (;;) {
      const wanted = query.limit - lines.length
      if (wanted <= 0 || performance.now() > untilMs) return page({ nodeId, file: after?.file ?? '', offset: after?.offset ?? 0 })
      const ask = { glob: query.glob, filter, after, maxLines: wanted, budgetMs: askMs }
      const found = await service.search(nodeId, ask).catch((error: unknown) => skipped(error, { nodeId, warnings }))
      if (found === undefined) break
      for (const { file, offset, text, timeMs, level } of found.lines)
        lines.push({ node_id: nodeId, file, offset, text, time_ms: timeMs, level })
      scannedBytes += found.scannedBytes
      after = found.next
      if (after === null) break
    }
    place = undefined
  }
  return page(null)
}

/** @throws ClusterError `bad-argument` naming the parameter. */
export function filterOf(query: Pick<Query, 'text' | 'regex' | 'level' | 'ignore_case' | 'since' | 'until'>): LineFilter {
  const { text, regex, level, ignore_case: ignoreCase } = query
  if (text !== undefined && regex !== undefined) throw new ClusterError('bad-argument', 'give text or regex, not both')
  const pattern = regex ?? text
  return {
    pattern: pattern === undefined ? null : { kind: regex === undefined ? 'text' : 'regex', pattern, ignoreCase },
    level: level ?? null,
    sinceMs: query.since === undefined ? null : timeOf('since', query.since),
    untilMs: query.until === undefined ? null : timeOf('until', query.until),
  }
}

function timeOf(name: string, text: string): number {
  const ms = /^\d{10,16}$/.test(text) ? Number(text) : Date.parse(text)
  if (ms >= 0) return ms
  throw new ClusterError('bad-argument', `${name} must be milliseconds since 1970 or an ISO time, got ${JSON.stringify(text)}`)
}

/** One node that is away must not hide what the others have. */
function skipped(error: unknown, { nodeId, warnings }: { nodeId: string; warnings: string[] }): undefined {
  if (!(error instanceof ClusterError) || error.code === 'bad-argument' || error.code === 'too-many-requests') throw error
  if (warnings.length < 100) warnings.push(`node ${nodeId} was not searched: ${toError(error).message}`)
  return undefined
}

const encodeCursor = ({ nodeId, file, offset }: Place): string => Buffer.from(JSON.stringify([nodeId, file, offset])).toString('base64url')

function decodeCursor(cursor: string): Place {
  try {
    const [nodeId, file, offset] = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')) as unknown[]
    const isPlace = typeof nodeId === 'string' && isId('node', nodeId) && typeof file === 'string' && (file === '' || isLogName(file))
    if (isPlace && typeof offset === 'number' && Number.isSafeInteger(offset) && offset >= 0) return { nodeId, file, offset }
  } catch {
    // said below
  }
  throw new ClusterError('bad-argument', 'cursor must be the next_cursor of an answer')
}
