import type { IncomingHttpHeaders } from 'node:http'
import { isIPv4 } from 'node:net'
import { ClusterError, type ErrorCode } from '../../base/errors.ts'
import { carriedToken, type TokenCheck } from './authenticate.ts'
import type { Access } from '../../session/api-tokens.ts'

/** What a request shows before any of its body is read. */
export type RequestHead = {
  readonly method: string
  /** As it stands in the request line. */
  readonly url: string
  readonly headers: IncomingHttpHeaders
  /** The address of ours that it came to. */
  readonly localAddress: string
}

export type GuardSettings = {
  readonly tokens: TokenCheck
  /** Names beside loopback and the connection's own address, lower case, without a port. */
  readonly hosts: ReadonlySet<string>
}

export type Verdict =
  | { readonly kind: 'pass'; readonly path: string; readonly access: Access | undefined }
  | { readonly kind: 'refuse'; readonly path: string; readonly error: ClusterError; readonly status?: number }

/** Ray's list (authentication/http_token_authentication.py). */
const publicPaths: ReadonlySet<string> = new Set([
  '/',
  '/favicon.ico',
  '/api/authentication_mode',
  '/api/authenticate',
  '/api/healthz',
  '/api/gcs_healthz',
  '/api/local_raylet_healthz',
  '/-/healthz',
])
const publicFolder = '/static/'

const readMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Every check that needs no body, in one place, the same for requests and for WebSockets. Pure. */
export function judge(request: RequestHead, settings: GuardSettings): Verdict {
  const path = pathOf(request.url)
  if (path === undefined)
    return refuse('/', 'bad-argument', 'the path of this request is not one that we read: no "." or ".." segments, no backslash')
  const { method, headers } = request
  const isForeign = foreignName(request, settings)
  if (isForeign !== undefined) return refuse(path, isForeign.code, isForeign.message)
  const isRead = readMethods.has(method)
  if (!isRead && looksLikeBrowser(headers) && !(method === 'POST' && path === '/api/authenticate')) {
    return refuse(path, 'method-refused', `405: a browser may only read here; send ${method} from a program, without a browser's headers`)
  }
  if (publicPaths.has(path) || path.startsWith(publicFolder)) return { kind: 'pass', path, access: undefined }
  const carried = carriedToken(headers)
  if (carried.kind === 'none') {
    return refuse(
      path,
      'auth.missing',
      'Unauthorized: missing authentication token. Send "Authorization: Bearer TOKEN"; the head keeps the token in its folder, as api-token',
    )
  }
  const access = carried.kind === 'token' ? settings.tokens.accessOf(carried.token) : undefined
  if (access === undefined)
    return refuse(
      path,
      'auth.refused',
      `Forbidden: ${carried.kind === 'malformed' ? 'the header must be "Bearer TOKEN"' : 'the authentication token is not of this cluster'}`,
    )
  if (access === 'read' && !isRead) {
    return refuse(
      path,
      'auth.refused',
      `Forbidden: this token may only read, and ${method} ${path.slice(0, 200)} changes something; use the token of the file api-token`,
    )
  }
  return { kind: 'pass', path, access }
}

function refuse(path: string, code: ErrorCode, message: string): Verdict {
  return { kind: 'refuse', path, error: new ClusterError(code, message) }
}

/**
 * The path as it stands, without the query; undefined for one that a URL parser would change. What is judged here must be what is
 * routed later: else `/static/../api/jobs/` would be public.
 */
function pathOf(url: string): string | undefined {
  const end = url.search(/[?#]/)
  const path = end < 0 ? url : url.slice(0, end)
  if (!path.startsWith('/') || path.startsWith('//') || path.includes('\\')) return undefined
  const hasDots = path.split('/').some((segment) => /^(\.|%2e){1,2}$/i.test(segment))
  return hasDots ? undefined : path
}

/** A page that a browser was tricked to bring here (DNS rebinding) names a host that is not ours. */
function foreignName({ headers, localAddress }: RequestHead, { hosts }: GuardSettings): { code: ErrorCode; message: string } | undefined {
  const isOurs = (name: string | undefined) =>
    name !== undefined && (isLoopbackName(name) || name === plainAddress(localAddress) || hosts.has(name))
  const host = hostName(headers.host ?? '')
  if (!isOurs(host)) {
    return host === undefined
      ? { code: 'bad-argument', message: 'the request has no Host header that can be read' }
      : {
          code: 'auth.refused',
          message: `Forbidden: this head does not serve under the name ${host.slice(0, 200)}; add it with --dashboard-allowed-hosts`,
        }
  }
  const { origin } = headers
  if (origin === undefined) return undefined
  const originName = /^https?:\/\/([^/]+)$/.exec(origin)?.[1]
  if (originName !== undefined && isOurs(hostName(originName))) return undefined
  return { code: 'auth.refused', message: `Forbidden: pages of ${origin.slice(0, 200)} may not use this head` }
}

/** Lower case, without the port and without brackets. */
function hostName(host: string): string | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:\s/@]+))(?::\d{1,5})?$/i.exec(host)
  return (match?.[1] ?? match?.[2])?.toLowerCase()
}

const isLoopbackName = (name: string): boolean => name === 'localhost' || name === '::1' || (isIPv4(name) && name.startsWith('127.'))

/** An IPv4 address as a socket for both kinds shows it, `::ffff:10.0.0.5`, is the same address. */
export const plainAddress = (address: string): string => address.replace(/^::ffff:/i, '').toLowerCase()

/** Ray: dashboard/optional_utils.py. */
const browserHeaders = [
  'origin',
  'referer',
  'sec-fetch-mode',
  'sec-fetch-dest',
  'sec-fetch-site',
  'sec-fetch-user',
  'access-control-request-method',
  'access-control-request-headers',
  'access-control-request-private-network',
] as const

function looksLikeBrowser(headers: IncomingHttpHeaders): boolean {
  return (headers['user-agent'] ?? '').startsWith('Mozilla') || browserHeaders.some((name) => headers[name] !== undefined)
}
