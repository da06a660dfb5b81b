import * as z from 'zod'
import type { ApiClient, ApiQuery } from '../../client/api-client.ts'
import { stateListOf } from '../../api/envelope.ts'
import type { Terminal } from '../command.ts'
import type { Row } from './print-rows.ts'

const Answer = stateListOf(z.record(z.string(), z.unknown()))

/** Rows of a list, from our head or a Ray one. What is missing in them is said on standard error. */
export async function readList(
  api: ApiClient,
  { resource, query }: { resource: string; query: ApiQuery },
  terminal: Terminal,
): Promise<readonly Row[]> {
  const answer = await api.getJson(`/api/v0/${resource}`, Answer, { query, timeoutMs: (Number(query['timeout'] ?? 30) + 5) * 1_000 })
  const {
    result: rows,
    num_filtered: matched,
    total,
    num_after_truncation: reached,
    partial_failure_warning: failure,
    warnings,
  } = answer.data.result
  if (reached < total) terminal.warn(`Only ${reached} of ${total} were looked at: the head cut off the rest before it filtered.`)
  if (matched > rows.length) terminal.warn(`${rows.length} of ${matched} are shown; --limit shows more, --filter fewer.`)
  if (failure) terminal.warn(failure)
  for (const warning of warnings ?? []) terminal.warn(warning)
  return rows
}
