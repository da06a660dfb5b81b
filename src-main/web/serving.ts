import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Logger } from '../../runtime/base/logger.ts'
import type { Caller } from '../host/call-table.ts'
import type { Dispatch } from '../host/dispatch.ts'
import type { AssetFile } from './assets.ts'
import type { Route } from './request-guards.ts'
import type { Sessions, Visitor } from './sessions.ts'

/** What the parts of the server share. */
export type Serving = {
  readonly dispatch: Dispatch
  readonly sessions: Sessions
  readonly cookieName: string
  readonly assets: ReadonlyMap<string, AssetFile>
  readonly logger: Logger
  /** Calls by POST that run now, whose bodies are held in memory. */
  readonly posts: { running: number }
}

export type Exchange = {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly route: Route
  /** The client waits for our word before it sends the body. */
  readonly isAwaited: boolean
}

export const callerOf = ({ id, access }: Visitor): Caller => ({ id, access })
