import { errorFromApiBody } from '../api/errors.ts'
import { FailedEnvelope } from '../api/envelope.ts'
import { ClusterError, type ErrorCode, toError } from '../base/errors.ts'

/** Nobody answers, or the connection broke. `reused`: it was one that had been kept from the call before. */
export function cannotConnect(url: string, thrown: unknown, { reused = false }: { readonly reused?: boolean } = {}): ClusterError {
  if (thrown instanceof ClusterError) return thrown
  const error = toError(thrown)
  const code = 'code' in error ? String(error.code) : ''
  if (code === 'ABORT_ERR') return new ClusterError('link.closed', 'stopped')
  const why = reasons[code] ?? (error.message || code)
  return new ClusterError(
    'head.unavailable',
    `cannot connect to ${url}: ${why}; check that the head runs and that this is the address of its HTTP API`,
    {
      details: { url, reason: code, ...(reused && code === 'ECONNRESET' ? { reused: 1 } : {}) },
      cause: thrown,
    },
  )
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'there is no host of that name',
  EHOSTUNREACH: 'no way leads there',
  ETIMEDOUT: 'no answer',
  ECONNRESET: 'the connection was broken off',
  HPE_INVALID_CONSTANT: 'what listens there does not speak HTTP',
}

export const notAHead = (url: string, why: string): ClusterError =>
  new ClusterError(
    'protocol.violation',
    `what ${url} answers is not what a Shoal or Ray head answers (${why.slice(0, 500)}); check the address`,
    { details: { url } },
  )

type Answer = { readonly url: string; readonly path: string; readonly status: number; readonly body: string }

/** The error that an answer other than 200 tells of: the head's own words, where it has some. */
export function answeredError({ url, path, status, body }: Answer): ClusterError {
  const said = bodyWords(body)
  if (status === 401) {
    return new ClusterError(
      'auth.missing',
      `${url} wants a token: give --token-file, or set SHOAL_API_TOKEN; on the head's machine it is in its folder, as head/api-token`,
    )
  }
  if (said instanceof ClusterError) return said
  if (status === 403) return new ClusterError('auth.refused', `${url} refused: ${said}`)
  const code = codes[status] ?? (status >= 500 ? 'internal' : 'bad-argument')
  if (status === 404 && path === '/api/version') return notAHead(url, 'it has no /api/version')
  return new ClusterError(code, said === '' ? `${url}${path} answered with status ${status}` : said, { details: { status } })
}

/** By status, where the head gave no code. */
const codes: Readonly<Record<number, ErrorCode>> = {
  400: 'bad-argument',
  404: 'not-found',
  405: 'method-refused',
  409: 'wrong-state',
  413: 'too-large',
  429: 'too-many-requests',
  501: 'not-supported',
  503: 'head.unavailable',
  504: 'timeout',
}

const longestText = 4_096

/** Our error, the message of Ray's envelope, or plain text. */
function bodyWords(body: string): ClusterError | string {
  try {
    const value: unknown = JSON.parse(body)
    const ours = errorFromApiBody(value)
    if (ours) return ours
    const enveloped = FailedEnvelope.safeParse(value)
    if (enveloped.success) return enveloped.data.msg
  } catch {
    // plain text
  }
  return body.trim().slice(0, longestText)
}
