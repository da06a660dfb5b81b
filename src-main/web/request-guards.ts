import type { IncomingHttpHeaders } from 'node:http'
import { ClusterError, type ErrorCode } from '../../runtime/base/errors.ts'
import { pageKeyHeader, pageKeyProtocol } from '../contract/socket-protocol.ts'
import type { Caller } from '../host/call-table.ts'
import type { Sessions, TokenJudgement, Visitor } from './sessions.ts'

/** What a request shows before any of its body is read. */
export type RequestHead = {
  readonly method: string
  /** As it stands in the request line. */
  readonly url: string
  readonly headers: IncomingHttpHeaders
  /** How many `Host` lines there were: Node shows the first only. */
  readonly hostCount: number
  readonly isUpgrade: boolean
}

export type Route =
  | { readonly kind: 'asset'; readonly path: string }
  | { readonly kind: 'open-session' }
  | { readonly kind: 'ask-session'; readonly visitor: Visitor }
  | { readonly kind: 'call'; readonly method: string; readonly visitor: Visitor }
  | { readonly kind: 'socket'; readonly visitor: Visitor }

export type Verdict =
  | { readonly kind: 'pass'; readonly route: Route }
  | { readonly kind: 'refuse'; readonly status: number; readonly error: ClusterError }

export type GuardSettings = { readonly port: number; readonly cookieName: string; readonly sessions: Sessions }

const callFolder = '/call/'

/** Every check that needs no body, in one place, the same for requests and for WebSockets. */
export function judge(request: RequestHead, settings: GuardSettings): Verdict {
  const { method, headers } = request
  const path = pathOf(request.url)
  if (path === undefined) return refuse(400, 'bad-argument', 'the path of this request is not one that we read')
  const isRead = method === 'GET' || method === 'HEAD'
  const isAsset = isRead && !request.isUpgrade && path !== '/session' && path !== '/ws' && !path.startsWith(callFolder)
  const foreign = foreignSign(request, { settings, isAsset })
  if (foreign !== undefined) return foreign
  if (isAsset) return pass({ kind: 'asset', path })
  if (request.isUpgrade && path !== '/ws') return refuse(404, 'not-found', 'WebSockets are served at /ws only')
  if (path === '/ws' && isRead && !request.isUpgrade) return refuse(426, 'method-refused', 'this path is for WebSockets only')
  const isKnown =
    path === '/ws' ? method === 'GET' : path === '/session' ? isRead || method === 'POST' : path.startsWith(callFolder) && method === 'POST'
  if (!isKnown) return refuse(405, 'method-refused', 'there is nothing here for this method and path')
  const isPost = method === 'POST'
  if (isPost && !/^application\/json *(;|$)/i.test(headers['content-type'] ?? ''))
    return refuse(415, 'bad-argument', 'the body must be JSON, with "Content-Type: application/json"') // no form of another page can send that
  if (path === '/session' && isPost) return needOrigin(request) ?? pass({ kind: 'open-session' })
  const visitor = visitorOf(request, settings)
  if ('kind' in visitor) return visitor
  if (path === '/session') return pass({ kind: 'ask-session', visitor })
  return pass(path === '/ws' ? { kind: 'socket', visitor } : { kind: 'call', method: path.slice(callFolder.length), visitor })
}

const pass = (route: Route): Verdict => ({ kind: 'pass', route })
const refuse = (status: number, code: ErrorCode, message: string): Extract<Verdict, { kind: 'refuse' }> => ({
  kind: 'refuse',
  status,
  error: new ClusterError(code, message),
})

/** Without the query, in which nothing of ours ever stands. Undefined for what a URL parser would change. */
function pathOf(url: string): string | undefined {
  const [path = ''] = url.split(/[?#]/, 1)
  const isPlain = path.startsWith('/') && !path.includes('//') && !path.includes('\\') && !/%(2e|2f|5c|00)/i.test(path)
  return isPlain && !path.split('/').some((segment) => segment === '.' || segment === '..') ? path : undefined
}

/** What shows that a page of somebody else is behind it: a name that is not ours (DNS rebinding), or where it came from. */
function foreignSign({ headers, hostCount, method }: RequestHead, { settings, isAsset }: { settings: GuardSettings; isAsset: boolean }) {
  const { port } = settings
  const host = headers.host?.toLowerCase()
  const isOurs = host !== undefined && [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`].includes(host)
  if (!isOurs || hostCount !== 1)
    return refuse(
      421,
      'auth.refused',
      `this panel does not serve under that name and port; open it as 127.0.0.1:${port} or localhost:${port}`,
    )
  const { origin } = headers
  if (origin !== undefined && origin !== `http://${host}`)
    return refuse(403, 'auth.refused', 'pages of other origins may not use this panel')
  const site = headers['sec-fetch-site']
  if (site === undefined || site === 'same-origin' || site === 'none') return undefined
  // A link to the panel on some page is no harm: the page that opens gives nothing away.
  const isLink = isAsset && method === 'GET' && headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document'
  return isLink ? undefined : refuse(403, 'auth.refused', 'other sites may not use this panel')
}

/** A browser names the origin with every POST and every WebSocket; one that does not is none, or is made to hide it. */
const needOrigin = ({ headers }: RequestHead) =>
  headers.origin === undefined
    ? refuse(403, 'auth.refused', 'a browser session needs an Origin header; a program sends its token instead')
    : undefined

/** `Authorization` counts before the cookie, and alone. */
function visitorOf(request: RequestHead, { sessions, cookieName }: GuardSettings): Visitor | Extract<Verdict, { kind: 'refuse' }> {
  const { authorization, cookie } = request.headers
  if (authorization !== undefined) {
    const token = /^Bearer +(\S+) *$/i.exec(authorization)?.[1]
    if (token === undefined) return refuse(401, 'auth.refused', 'the Authorization header must be "Bearer TOKEN"')
    const judgement = sessions.judgeToken(token)
    return judgement === 'change' || judgement === 'read' ? sessions.program(judgement) : wrongToken(judgement)
  }
  const value = findCookie(cookie ?? '', cookieName)
  const pageKey = findPageKey(request.headers)
  const isWhole = value !== undefined && pageKey !== undefined
  const visitor = isWhole ? sessions.find({ cookie: value, pageKey }) : undefined
  if (visitor === undefined)
    return !isWhole
      ? refuse(401, 'auth.missing', 'no session and no token came with this request; open the link that the panel printed')
      : refuse(401, 'auth.refused', 'this session has ended; open the link that the panel printed')
  return (request.method === 'POST' || request.isUpgrade ? needOrigin(request) : undefined) ?? visitor
}

export const wrongToken = (judgement: Exclude<TokenJudgement, Caller['access']>) =>
  judgement === 'wrong'
    ? refuse(403, 'auth.refused', 'this token is not the one of this launch; a panel that is started again prints a new link')
    : refuse(429, 'too-many-requests', 'too many wrong tokens; wait a minute')

/**
 * A browser sends a cookie to every port of its host, so a server that another user of this computer runs may come to see it. The page's
 * key lies in the storage of its origin, and is sent by its script alone: as a header, or beside the name of a WebSocket's protocol, as a
 * page can give that no headers.
 */
function findPageKey(headers: IncomingHttpHeaders): string | undefined {
  const key = headers[pageKeyHeader]
  if (typeof key === 'string') return key
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((each) => each.trim())
  return offered.find((each) => each.startsWith(pageKeyProtocol))?.slice(pageKeyProtocol.length)
}

function findCookie(header: string, name: string): string | undefined {
  const values = header.split(';').flatMap((pair) => {
    const at = pair.indexOf('=')
    return at > 0 && pair.slice(0, at).trim() === name ? [pair.slice(at + 1).trim()] : []
  })
  return values.length === 1 ? values[0] : undefined // with two of them, one was planted by another page of this host
}
