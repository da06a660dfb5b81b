import type { IncomingMessage } from 'node:http'
import { ClusterError } from '../../base/errors.ts'
import { packageTooLarge } from '../jobs/package-store.ts'
import { bodyTooLarge } from './request-values.ts'

const otherBodyBytes = 8 * 1024 * 1024

const isPackage = (method: string | undefined, path: string): boolean => method === 'PUT' && path.startsWith('/api/packages/')

/** What may come over the connection for a body that does not say its size. The store of packages counts those itself, to the byte. */
export const watchedBytes = ({ method }: IncomingMessage, path: string): number =>
  isPackage(method, path) ? Number.POSITIVE_INFINITY : otherBodyBytes

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0

/**
 * The refusal of a body that says it is too large, before any of it is read. `maxPackageBytes` is the head's setting. A package whose
 * sender does not wait to be told to go on is refused by its route instead, which reads on for a while so that the sender reads why.
 */
export function refuseLongBody({ method, headers }: IncomingMessage, path: string, maxPackageBytes: number): ClusterError | undefined {
  const bytes = Number(headers['content-length'] ?? 0)
  if (!isPackage(method, path)) return bytes > otherBodyBytes ? bodyTooLarge(otherBodyBytes) : undefined
  if (headers.expect === undefined) return undefined
  const name = /\/([A-Za-z0-9_.+=,@-]{1,255})$/.exec(path)?.[1] ?? 'of that name'
  return bytes > maxPackageBytes ? packageTooLarge(name, `${bytes}`, maxPackageBytes) : undefined
}

export type BodyWatch = {
  watch(request: IncomingMessage, limitBytes: number, onBad: (error: ClusterError, status: number) => void): void
  close(): void
}

const lookEveryMs = 1_000

/** Less than this much in `windowMs` while we want more, and the body counts as one that is sent to hold us up. */
export type SlowBody = { readonly windowMs: number; readonly minBytes: number }
const slowBody: SlowBody = { windowMs: 10_000, minBytes: 10 * 1024 }

/** Looks at every body that is on its way: it must keep coming, and must not be larger than its path takes. */
export function createBodyWatch({ windowMs, minBytes }: SlowBody = slowBody): BodyWatch {
  type Watched = {
    readonly from: number
    readonly limitBytes: number
    readonly onBad: (error: ClusterError, status: number) => void
    seen: number
    sinceMs: number
  }
  const bodies = new Map<IncomingMessage, Watched>()
  const look = () => {
    const nowMs = performance.now()
    for (const [request, body] of bodies) {
      const bytes = request.socket.bytesRead
      if (request.complete || request.destroyed) bodies.delete(request)
      else if (bytes - body.from > body.limitBytes) {
        bodies.delete(request)
        body.onBad(bodyTooLarge(body.limitBytes), 413)
      } else if (bytes - body.seen >= minBytes || request.readableLength > 0) {
        body.seen = bytes // it comes, or it waits for us
        body.sinceMs = nowMs
      } else if (nowMs - body.sinceMs >= windowMs) {
        bodies.delete(request)
        body.onBad(new ClusterError('timeout', `the body came too slowly: less than ${minBytes} bytes in ${windowMs / 1_000} s`), 408)
      }
    }
  }
  const timer = setInterval(look, Math.min(lookEveryMs, windowMs))
  timer.unref()
  return {
    watch(request, limitBytes, onBad) {
      if (!hasBody(request)) return
      const from = request.socket.bytesRead
      bodies.set(request, { from, limitBytes, onBad, seen: from, sinceMs: performance.now() })
      request.once('close', () => bodies.delete(request))
    },
    close: () => clearInterval(timer),
  }
}
