import { ClusterError } from '../../base/errors.ts'
import {
  LastLines,
  LogChunk,
  type LogsLastLines,
  type LogsList,
  LogsListReply,
  type LogsRead,
  type LogsSearch,
  SearchPage,
} from '../../protocol/logs.ts'
import type { LogReader } from '../../logs/log-reader.ts'
import type { Head } from '../head.ts'
import { pause, unlessAborted } from './abortable.ts'
import type { LogCopies } from './log-copies.ts'
import { Turns } from './turns.ts'

/** Who answered: the node itself, or what the head keeps of its logs. */
export type LogSource = 'node' | 'head-copy'
export type Served<T> = T & {
  readonly source: LogSource
  /** The node did not answer, and may come back: it knows more than the copy. */
  readonly isAway: boolean
}
export type LogPlace = { readonly nodeId: string; readonly file: string }
export type ReadOptions = LogPlace & {
  readonly offset: number
  readonly maxBytes: number
  /** How long to wait for more at the end of the file. @default 0 */
  readonly waitMs?: number
}

export type NextOptions = {
  /** How much there was beyond what was read last: who is behind reads more at once, and does not wait. */
  readonly behindBytes: number
  /** @default 4 s */
  readonly waitMs?: number
  /** Of one read by who is behind. @default 512 KiB */
  readonly maxBytes?: number
  readonly signal?: AbortSignal
}

type Ask<Message> = Omit<Message, 'type'>

/** What is read at the end of a file comes in small pieces; who is behind reads large ones, some of them at a time. */
const followedBytes = 65_536
const caughtUpBytes = 524_288
const followWaitMs = 4_000
const readsAtOnce = 16
const searchesAtOnce = 2
const awayRetryMs = 250
const listTimeoutMs = 15_000
const searchTimeoutMs = 30_000

/**
 * Log files of every node. A node that is alive is asked; where it cannot answer, is gone, or has removed the file, the head's own copy of
 * the file's end is read, and the answer says so.
 */
export class LogService {
  readonly #head: Pick<Head, 'askNode' | 'state'>
  readonly #copies: LogCopies
  /** Answers wait in the link of their node: so many megabytes of them at a time. */
  readonly #reads = new Map<string, Turns>()
  readonly #searches = new Turns(searchesAtOnce, 100)

  constructor({ head, copies }: { readonly head: Pick<Head, 'askNode' | 'state'>; readonly copies: LogCopies }) {
    this.#head = head
    this.#copies = copies
  }

  /** Nodes that have logs here: those that live, and dead ones with copies. */
  get nodeIds(): readonly string[] {
    const living = this.#head.state.livingNodes.map(({ nodeId }) => nodeId)
    return [...new Set([...living, ...this.#copies.nodeIds])]
  }

  /** Whether the node is gone for good. Unknown ones are. */
  isGone(nodeId: string): boolean {
    const node = this.#head.state.nodes.get(nodeId)
    return node === undefined || node.phase.kind === 'dead'
  }

  /** All files that fit, in order of name; 20,000 at most. @throws ClusterError `not-found` for a node that nobody knows, `bad-argument`. */
  async list({ nodeId, glob }: { readonly nodeId: string; readonly glob: string }): Promise<Served<Omit<LogsListReply, 'next'>>> {
    const first = await this.#listPage(nodeId, { glob, after: '', maxFiles: 2_000 })
    const files = [...first.files]
    for (let { next } = first; next !== null && files.length < 20_000; ) {
      const page = await this.#listPage(nodeId, { glob, after: next, maxFiles: 2_000 })
      files.push(...page.files)
      next = page.next
    }
    return { files, folders: first.folders, source: first.source, isAway: first.isAway }
  }

  /** Bytes from an offset on, 1 MiB at most. @throws ClusterError `not-found`, `bad-argument`, `node.unreachable` when there is no copy either. */
  async read({ nodeId, file, offset, maxBytes, waitMs = 0 }: ReadOptions, signal?: AbortSignal): Promise<Served<LogChunk>> {
    const ask: Ask<LogsRead> = { file, offset, maxBytes, waitMs }
    const read = () =>
      this.#either(nodeId, {
        asked: () => this.#head.askNode(nodeId, { type: 'logs.read', ...ask }, { reply: LogChunk, timeoutMs: waitMs + 10_000 }),
        copied: async (reader) => {
          const chunk = await reader.read({ ...ask, waitMs: 0 })
          return offset > chunk.sizeBytes ? { ...chunk, offset, bytes: new Uint8Array(0) } : chunk // a copy ends before the file did
        },
      })
    const answer = waitMs > 0 || maxBytes <= followedBytes ? read() : this.#turnsOf(nodeId).run(read)
    return unlessAborted(answer, signal)
  }

  /** Where the last lines begin. @throws as `read` */
  lastLines({ nodeId, file, lines, before }: LogPlace & Pick<Ask<LogsLastLines>, 'lines' | 'before'>): Promise<Served<LastLines>> {
    const ask = { file, lines, before }
    return this.#either(nodeId, {
      asked: () => this.#head.askNode(nodeId, { type: 'logs.last-lines', ...ask }, { reply: LastLines, timeoutMs: searchTimeoutMs }),
      copied: (reader) => reader.lastLines(ask),
    })
  }

  /** One page of a search on one node. @throws ClusterError `bad-argument` for a bad or slow pattern, else as `list`. */
  search(nodeId: string, ask: Ask<LogsSearch>): Promise<Served<SearchPage>> {
    return this.#searches.run(() =>
      this.#either(nodeId, {
        asked: () => this.#head.askNode(nodeId, { type: 'logs.search', ...ask }, { reply: SearchPage, timeoutMs: searchTimeoutMs }),
        copied: (reader) => reader.search(ask),
      }),
    )
  }

  /**
   * The next bytes from `offset` on, waiting some seconds for them; none when there were none, or the node is gone and its copy is read to
   * the end. A node that is away for a moment is waited for, as what the head has of its logs ends earlier than they do.
   * @throws ClusterError as `read`; `link.closed` when `signal` fires.
   */
  async readNext({ nodeId, file, offset }: LogPlace & { offset: number }, options: NextOptions): Promise<Served<LogChunk>> {
    const { behindBytes, waitMs = followWaitMs, maxBytes = caughtUpBytes, signal } = options
    const isBehind = behindBytes > followedBytes
    const ask = { nodeId, file, offset, maxBytes: isBehind ? maxBytes : followedBytes, waitMs: isBehind ? 0 : waitMs }
    const chunk = await this.read(ask, signal)
    if (!chunk.isAway) return chunk
    await pause(awayRetryMs, signal)
    return { ...chunk, offset, bytes: new Uint8Array(0) }
  }

  /** Bytes of a file as they are written, from `offset` on, until `signal` fires or its node is gone and what is left was read. */
  async *follow(place: LogPlace & { readonly offset: number }, signal: AbortSignal): AsyncGenerator<Served<LogChunk>, void> {
    let { offset } = place
    let behindBytes = 0
    while (!signal.aborted) {
      const chunk = await this.readNext({ ...place, offset }, { behindBytes, signal })
      offset = chunk.offset + chunk.bytes.byteLength
      behindBytes = chunk.sizeBytes - offset
      if (chunk.bytes.byteLength > 0) yield chunk
      else if (chunk.source === 'head-copy' && !chunk.isAway) return
    }
  }

  #listPage(nodeId: string, ask: Ask<LogsList>): Promise<Served<LogsListReply>> {
    return this.#either(nodeId, {
      asked: () => this.#head.askNode(nodeId, { type: 'logs.list', ...ask }, { reply: LogsListReply, timeoutMs: listTimeoutMs }),
      copied: (reader) => reader.list(ask),
    })
  }

  async #either<T>(nodeId: string, from: Either<T>): Promise<Served<T>> {
    const reader = this.#copies.reader(nodeId)
    if (this.isGone(nodeId)) {
      if (reader !== undefined) return { ...(await from.copied(reader)), source: 'head-copy', isAway: false }
      throw this.#unknown(nodeId)
    }
    try {
      return { ...(await from.asked()), source: 'node', isAway: false }
    } catch (error) {
      if (reader === undefined || !(error instanceof ClusterError) || !isWorthACopy.has(error.code)) throw error
      try {
        return { ...(await from.copied(reader)), source: 'head-copy', isAway: error.code !== 'not-found' }
      } catch {
        throw error // what the node said is what is wrong
      }
    }
  }

  #unknown(nodeId: string): ClusterError {
    const known = this.#head.state.nodes.has(nodeId)
    const why = known ? 'is dead, and the head has no copy of its logs' : 'is not known here'
    return new ClusterError('not-found', `node ${nodeId} ${why}; see the list of nodes`, { details: { nodeId } })
  }

  #turnsOf(nodeId: string): Turns {
    const known = this.#reads.get(nodeId)
    if (known) return known
    for (const other of this.#reads.keys()) if (this.isGone(other)) this.#reads.delete(other)
    const turns = new Turns(readsAtOnce)
    this.#reads.set(nodeId, turns)
    return turns
  }
}

type Either<T> = { readonly asked: () => Promise<T>; readonly copied: (reader: LogReader) => T | Promise<T> }

/** Errors of a node that say nothing about the file itself, and that of a file that it has removed. */
const isWorthACopy: ReadonlySet<string> = new Set(['node.unreachable', 'link.closed', 'timeout', 'not-found'])
