import type { HttpBindings } from '@hono/node-server'
import type { Context, Hono } from 'hono'
import type { Access } from '../../session/api-tokens.ts'
import type { HeadServices, ServiceParts } from '../services.ts'
import type { OpenSocket } from './websocket.ts'

/** All that a route may use: a plain record. */
export type HttpParts = ServiceParts &
  HeadServices & {
    /** What clients of Ray are told as `ray_version`. */
    readonly rayVersion: string
    /** The same for the life of the cluster. */
    readonly sessionName: string
    readonly startedAtMs: number
    /** `host:port` of the HTTP server. A function, as the port is known only once it listens. */
    readonly apiAddress: () => string
  }

/** Of one request, beside what Hono knows. */
export type RequestBindings = HttpBindings & {
  /** Undefined on public paths. A read-only token never gets past GET, HEAD and OPTIONS. */
  readonly access: Access | undefined
  /** Set on a request that asks for a WebSocket. */
  readonly upgrade?: { take: TakeSocket | undefined }
}
export type TakeSocket = Awaited<ReturnType<OpenSocket>>
export type HeadEnv = { Bindings: RequestBindings }
export type HeadContext = Context<HeadEnv>

/**
 * A route module is `export function jobRoutes(app: HeadApp, parts: HttpParts): void`, mounted in app.ts.
 * By then the request has passed every guard: Host, Origin, token, read-only, size. Handlers throw `ClusterError`; failures.ts answers.
 */
export type HeadApp = Hono<HeadEnv> & {
  /** Mounts a WebSocket. A plain GET there is answered with 426. */
  readonly webSocket: (path: string, open: OpenSocket) => void
}
