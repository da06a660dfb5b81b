import { envelopeOf } from '../../api/envelope.ts'
import { LogsListing } from '../../api/logs.ts'
import { isLogName } from '../../protocol/log-names.ts'
import type { Terminal } from '../command.ts'
import type { ApiClient, ApiQuery } from '../../client/api-client.ts'
import { createLogOutput, type LogOutput } from '../log-output.ts'
import type { WantedLog } from './wanted-log.ts'

/** The head knows its own node by this address, wherever we are. */
const headIp = '127.0.0.1'

/** Lists the files that fit; prints the one that there is. */
export async function listOrPrint(api: ApiClient, wanted: WantedLog, terminal: Terminal): Promise<number> {
  const place = placeOf(wanted)
  const { data } = await api.getJson('/api/v0/logs', envelopeOf(LogsListing), { query: { ...place, glob: wanted.glob } })
  const files = Object.values(data.result).flat()
  const [only] = files
  if (files.length === 1 && only !== undefined && isLogName(only))
    return print(api, { ...place, filename: only, lines: wanted.tail }, { terminal, isRaw: wanted.isRaw })
  if (terminal.isJson) terminal.print(JSON.stringify(data.result))
  else if (files.length === 0) terminal.warn(`shoal: no log fits ${JSON.stringify(wanted.glob)} on this node`)
  else
    terminal.print(
      Object.entries(data.result)
        .map(([category, names]) => [`${category}:`, ...names.map((name) => `- ${name}`)].join('\n'))
        .join('\n'),
    )
  return files.length === 0 ? 1 : 0
}

/** Prints the log of one job, actor, worker or task. */
export function printLog(api: ApiClient, wanted: WantedLog, terminal: Terminal): Promise<number> {
  return print(api, fileQueryOf(wanted), { terminal, isRaw: wanted.isRaw })
}

/** What `/api/v0/logs/file` and `/stream` are asked with. */
export function fileQueryOf(wanted: WantedLog): ApiQuery {
  const { kind, id, pid, attempt, stream, tail } = wanted
  const common = { lines: tail, suffix: stream }
  switch (kind) {
    case 'job':
      return { ...common, submission_id: id }
    case 'actor':
      return { ...common, actor_id: id }
    case 'task':
      return { ...common, task_id: id, attempt_number: attempt }
    case 'worker':
    case 'cluster':
      return { ...common, ...placeOf(wanted), pid }
  }
}

async function print(api: ApiClient, query: ApiQuery, { terminal, isRaw }: { terminal: Terminal; isRaw: boolean }): Promise<number> {
  if (!terminal.isJson) {
    await copyOut(await api.stream({ method: 'GET', path: '/api/v0/logs/file', query }), createLogOutput(terminal, isRaw))
    return 0
  }
  const text = (await api.send({ method: 'GET', path: '/api/v0/logs/file', query })).toString('utf8')
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  for (const line of lines) terminal.print(JSON.stringify({ text: line }))
  return 0
}

/** No faster than our own reader. @throws when the head breaks off in the middle. */
export async function copyOut(body: AsyncIterable<Uint8Array>, output: LogOutput): Promise<void> {
  for await (const bytes of body) await output.write(bytes)
  await output.end()
}

function placeOf({ nodeId, nodeIp }: WantedLog): ApiQuery {
  if (nodeId !== undefined) return { node_id: nodeId }
  return { node_ip: nodeIp ?? headIp }
}
