import { setTimeout as delay } from 'node:timers/promises'
import { envelopeOf } from '../../api/envelope.ts'
import { LogStreamMessage } from '../../api/logs.ts'
import { ClusterError } from '../../base/errors.ts'
import * as z from 'zod'
import { type Terminal, UsageError } from '../command.ts'
import type { ApiClient } from '../../client/api-client.ts'
import { createLogOutput } from '../log-output.ts'
import { copyOut, fileQueryOf } from './print-log.ts'
import { shownLine } from '../log-for-terminal.ts'
import { selectorOf, type WantedLog } from './wanted-log.ts'

const retryMs = 500
const patienceMs = 60_000

type Following = { readonly terminal: Terminal; readonly signal: AbortSignal }

/**
 * Prints what is written to the files that fit, until Ctrl-C. A connection that breaks is made again, and goes on where it was.
 * With several files each line says which it is of.
 */
export async function followLogs(api: ApiClient, wanted: WantedLog, terminal: Terminal): Promise<number> {
  const stop = new AbortController()
  const { signal } = stop
  terminal.onInterrupt(() => stop.abort())
  try {
    if (wanted.kind === 'task') await followTask(api, wanted, { terminal, signal })
    else await followMany(api, wanted, { terminal, signal })
    return 0
  } catch (error) {
    if (signal.aborted) return 130
    throw error
  }
}

/** A part of its worker's log: read as that, without marks. */
async function followTask(api: ApiClient, wanted: WantedLog, { terminal, signal }: Following): Promise<void> {
  if (wanted.grep !== undefined || wanted.level !== undefined) throw new UsageError('logs task --follow takes no --grep and no --level')
  const body = await api.stream({ method: 'GET', path: '/api/v0/logs/stream', query: fileQueryOf(wanted), signal })
  await copyOut(body, createLogOutput(terminal, wanted.isRaw))
}

async function followMany(api: ApiClient, wanted: WantedLog, { terminal, signal }: Following): Promise<void> {
  const nodeId = wanted.nodeId ?? (wanted.nodeIp === undefined ? undefined : await nodeOf(api, wanted.nodeIp))
  const printer = new LinePrinter(terminal, wanted.isRaw)
  const order = {
    type: 'open',
    selectors: [selectorOf(wanted, nodeId)],
    tail: Math.min(wanted.tail, 100_000),
    ...(wanted.grep === undefined ? {} : { regex: wanted.grep }),
    ...(wanted.level === undefined ? {} : { level: wanted.level }),
  }
  for (let failedSinceMs: number | undefined; ; ) {
    try {
      const socket = await api.openSocket('/api/shoal/v1/logs/stream', { signal })
      socket.send(JSON.stringify({ ...order, resume: printer.resume }))
      for await (const text of socket) {
        failedSinceMs = undefined
        printer.take(LogStreamMessage.parse(JSON.parse(text)))
      }
    } catch (error) {
      if (signal.aborted || !(error instanceof ClusterError) || !isWorthRetrying(error)) throw error
      failedSinceMs ??= performance.now()
      if (performance.now() - failedSinceMs > patienceMs) throw error
    }
    await delay(retryMs, undefined, { signal })
  }
}

/** Prints lines as they come, and knows how far each file was printed. */
class LinePrinter {
  readonly resume: Record<string, number> = {}
  readonly #terminal: Terminal
  /** Control characters of the logs are shown, not carried out. */
  readonly #isShown: boolean
  readonly #sources = new Map<number, { readonly key: string; readonly nodeId: string; readonly file: string }>()
  readonly #keys = new Set<string>()
  /** Whose piece stands at the end of what was printed. */
  #openPiece: number | undefined

  constructor(terminal: Terminal, isRaw: boolean) {
    this.#terminal = terminal
    this.#isShown = terminal.isInteractive && !isRaw
  }

  /** @throws ClusterError for a stream that failed. */
  take(message: LogStreamMessage): void {
    switch (message.type) {
      case 'source':
        this.#sources.set(message.source, { key: message.key, nodeId: message.node_id, file: message.file })
        this.#keys.add(message.key)
        this.resume[message.key] ??= message.offset
        return
      case 'lines':
        return this.#printLines(message)
      case 'gap':
        return this.#warn(
          message.source,
          `${message.to - message.from} bytes were removed, by the cap of the file, before they could be read`,
        )
      case 'copy':
        return this.#warn(message.source, 'from here on this is what the head has of the file')
      case 'skipped':
        return this.#terminal.warn(`shoal: ${message.files} more files fit; a stream follows ${message.limit} at most, those written last`)
      case 'failed':
        throw new ClusterError('bad-argument', message.message)
      case 'end':
      case 'lag':
      case 'live':
        return
    }
  }

  #printLines({ source, texts, offsets, times, levels, pieces, next }: Extract<LogStreamMessage, { type: 'lines' }>): void {
    const known = this.#sources.get(source)
    if (known === undefined) return
    if (this.#terminal.isJson) {
      const { nodeId, file } = known
      for (const [at, text] of texts.entries()) {
        this.#terminal.print(JSON.stringify({ node_id: nodeId, file, offset: offsets[at], time_ms: times[at], level: levels[at], text }))
      }
    } else for (const [at, text] of texts.entries()) this.#printText(source, { text, isPiece: pieces.includes(at) })
    this.resume[known.key] = next
  }

  #printText(source: number, { text, isPiece }: { text: string; isPiece: boolean }): void {
    const goesOn = this.#openPiece === source
    const breakBefore = this.#openPiece !== undefined && !goesOn ? '\n' : ''
    process.stdout.write(
      `${breakBefore}${goesOn ? '' : this.#prefix(source)}${this.#isShown ? shownLine(text) : text}${isPiece ? '' : '\n'}`,
    )
    this.#openPiece = isPiece ? source : undefined
  }

  #prefix(source: number): string {
    const known = this.#sources.get(source)
    return this.#keys.size < 2 || known === undefined ? '' : `(${known.file}, node ${known.nodeId.slice(0, 8)}) `
  }

  #warn(source: number, text: string): void {
    this.#terminal.warn(`shoal: ${this.#sources.get(source)?.file ?? 'a file'}: ${text}`)
  }
}

const NodeList = envelopeOf(
  z.object({ result: z.object({ result: z.array(z.object({ node_id: z.string(), node_ip: z.string(), state: z.string() })) }) }),
)

async function nodeOf(api: ApiClient, nodeIp: string): Promise<string> {
  const { data } = await api.getJson('/api/v0/nodes', NodeList, { query: { limit: 10_000 } })
  const found = data.result.result.filter((node) => node.node_ip === nodeIp)
  const node = found.find(({ state }) => state === 'ALIVE') ?? found[0]
  if (node) return node.node_id
  throw new ClusterError('not-found', `no node has the address ${nodeIp}; see shoal list nodes`)
}

const isWorthRetrying = ({ code, details }: ClusterError): boolean =>
  (code === 'link.closed' && details['closeCode'] !== 4_000) || code === 'head.unavailable' || code === 'node.unreachable'
