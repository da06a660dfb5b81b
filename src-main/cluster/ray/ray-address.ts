import { ClusterError } from '../../../runtime/base/errors.ts'

const dashboardPort = 8_265
const otherPorts: Readonly<Record<string, string>> = {
  '6379': 'where nodes and programs connect',
  '10001': "the port of Ray's client",
}

/**
 * The address of a head's HTTP API: `host`, `host:port` or a whole http(s) URL, without a slash at its end.
 * @throws ClusterError `bad-argument` saying what an address is
 */
export function parseRayAddress(text: string): string {
  const given = text.trim()
  if (/^ray:\/\//i.test(given))
    throw wrong(`${given.slice(0, 100)} is an address for Ray's client; give that of the dashboard, such as http://HOST:8265`)
  const hasScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(given)
  const url = urlOf(hasScheme ? given : `http://${given}`)
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:') || url.hostname === '')
    throw wrong(`${JSON.stringify(given.slice(0, 200))} is no address of a Ray head; give http://HOST:8265 or https://HOST`)
  if (url.username !== '' || url.password !== '') throw wrong('an address may not hold a name or password; give the token by itself')
  if (url.search !== '' || url.hash !== '') throw wrong('an address may not hold ? or #; copy it only up to the path')
  const isBare = !hasScheme && url.port === ''
  if (isBare && !given.endsWith(':80')) url.port = String(dashboardPort)
  const other = otherPorts[url.port]
  if (other !== undefined && url.protocol === 'http:' && !url.pathname.slice(1))
    throw wrong(
      `port ${url.port} is ${other}; the panel speaks with the dashboard, which is on port ${dashboardPort} unless told otherwise`,
    )
  return `${url.protocol}//${url.host}${url.pathname.replace(/\/+$/, '')}`
}

function urlOf(text: string): URL | undefined {
  try {
    return new URL(text)
  } catch {
    return undefined
  }
}

const wrong = (message: string) => new ClusterError('bad-argument', message, { details: { field: 'address' } })
