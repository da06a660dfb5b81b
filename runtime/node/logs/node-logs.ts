import type { Logger } from '../../base/logger.ts'
import { LogFolder } from '../../logs/log-folder.ts'
import { LogReader } from '../../logs/log-reader.ts'
import type { HeadRequestHandlers } from '../head-requests.ts'
import { defaultLogLimits, LogKeeper, type LogLimits } from './log-keeper.ts'
import { LogPusher } from './log-pusher.ts'

export type NodeLogsIo = {
  readonly nodeId: string
  readonly logDir: string
  readonly logger: Logger
  /** Asks the head; waits while it is away. */
  readonly request: (message: object) => Promise<unknown>
  readonly limits?: Partial<LogLimits>
}

type LogHandlers = Pick<HeadRequestHandlers, 'logs.list' | 'logs.read' | 'logs.last-lines' | 'logs.search'>
/** Names of the log files that somebody's processes write to now. */
export type LiveLogs = () => Iterable<string>

/** The logs of one node: answers the head's questions about them, holds them to their limits, and copies what is new to the head. */
export class NodeLogs {
  readonly handlers: LogHandlers
  readonly #reader: LogReader
  readonly #keeper: LogKeeper
  readonly #pusher: LogPusher
  readonly #live: LiveLogs[] = [() => ['agent.log', 'head.log']]

  constructor({ nodeId, logDir, logger, request, limits }: NodeLogsIo) {
    const folder = new LogFolder(logDir)
    const reader = new LogReader(folder)
    const live = () => this.#live.flatMap((names) => [...names()])
    this.#reader = reader
    this.#keeper = new LogKeeper({ folder, limits: { ...defaultLogLimits, ...limits }, logger, live })
    this.#pusher = new LogPusher({ nodeId, reader, logger, live, request })
    this.handlers = {
      'logs.list': (ask) => reader.list(ask),
      'logs.read': (ask) => reader.read(ask),
      'logs.last-lines': (ask) => reader.lastLines(ask),
      'logs.search': (ask) => reader.search(ask),
    }
  }

  /** Whoever starts processes that write logs says which those are: they are looked at each second, and never removed. */
  addLive(live: LiveLogs): void {
    this.#live.push(live)
  }

  start(): void {
    this.#keeper.start()
    this.#pusher.start()
  }

  /** Before the node leaves on purpose: the head gets what was written since the last look. */
  flush(withinMs: number): Promise<void> {
    return this.#pusher.flush(withinMs)
  }

  close(): void {
    this.#keeper.close()
    this.#pusher.close()
    this.#reader.close()
  }
}
