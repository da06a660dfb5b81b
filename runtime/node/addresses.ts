import { ClusterError } from '../base/errors.ts'

/** Where the head listens. */
export type HeadTarget =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tls'; readonly host: string; readonly port: number }

/**
 * `unix:PATH` or `HOST:PORT`.
 * @throws ClusterError `bad-argument` when it is neither.
 */
export function parseHeadTarget(text: string): HeadTarget {
  if (text.startsWith('unix:')) return { kind: 'unix', path: text.slice('unix:'.length) }
  return { kind: 'tls', ...splitHostPort(text) }
}

/** @throws ClusterError `bad-argument` when it is not `host:port`; port 0 asks for a free one. */
export function splitHostPort(text: string): { host: string; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text)
  const host = match?.[1] ?? match?.[2]
  const port = Number(match?.[3])
  if (host === undefined || port > 65_535)
    throw new ClusterError('bad-argument', `${JSON.stringify(text)} is not HOST:PORT, such as 10.0.0.5:6379`)
  return { host, port }
}

export const joinHostPort = (host: string, port: number): string => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`)
