import { LogSearchPage } from '../../api/logs.ts'
import { UsageError, type Terminal } from '../command.ts'
import type { ApiClient } from '../../client/api-client.ts'
import { shownLine } from '../log-for-terminal.ts'
import type { WantedLog } from './wanted-log.ts'

const pageLines = 1_000

/** Prints every line that fits, of all nodes or one, as `node file:offset: line`. 1 when there is none, as grep. */
export async function searchLogs(api: ApiClient, wanted: WantedLog, terminal: Terminal): Promise<number> {
  if (wanted.kind !== 'cluster') throw new UsageError('--grep without --follow searches files: shoal logs [GLOB] --grep REGEX')
  if (wanted.nodeIp !== undefined) throw new UsageError('--grep takes --node-id, not --node-ip')
  const glob = wanted.glob === '*' ? '**' : wanted.glob
  const query = { regex: wanted.grep, level: wanted.level, node_id: wanted.nodeId, glob, limit: pageLines }
  const isShown = terminal.isInteractive && !wanted.isRaw
  let found = 0
  for (let cursor: string | undefined; ; ) {
    const page = await api.getJson('/api/shoal/v1/logs/search', LogSearchPage, { query: { ...query, cursor } })
    for (const line of page.lines) {
      if (terminal.isJson) terminal.print(JSON.stringify(line))
      else process.stdout.write(`${line.node_id.slice(0, 8)} ${line.file}:${line.offset}: ${isShown ? shownLine(line.text) : line.text}\n`)
    }
    for (const warning of page.warnings) terminal.warn(`shoal: ${warning}`)
    found += page.lines.length
    if (page.next_cursor === null) return found > 0 ? 0 : 1
    cursor = page.next_cursor
  }
}
