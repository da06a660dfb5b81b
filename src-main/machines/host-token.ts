import { isIPv6 } from 'node:net'

/** `user@host:port` taken apart; what is missing was not said. The parts are not checked: the schema of a machine does that. */
export type HostToken = {
  readonly user?: string
  readonly host: string
  readonly port?: number /** A password stood in it; it is not kept. */
  readonly hadPassword: boolean
}

/** Reads `host`, `user@host:port`, `ssh://user@host:port`, and IPv6 with or, without a port, without brackets. A text says why it is none. */
export function parseHostToken(token: string): HostToken | string {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(token)
  if (scheme && scheme[1]?.toLowerCase() !== 'ssh') return `${scheme[1]}:// is not ssh://`
  const rest = scheme ? token.slice(scheme[0].length).replace(/\/.*$/, '') : token
  const at = rest.lastIndexOf('@')
  const [user, ...secret] = at < 0 ? [undefined] : rest.slice(0, at).split(':')
  const place = splitPort(rest.slice(at + 1))
  if (typeof place === 'string') return place
  if (user === '') return 'there is no user before the @'
  if (place.host.startsWith('-') || user?.startsWith('-')) return 'a host or user never begins with a dash'
  return { ...place, ...(user === undefined ? {} : { user: scheme ? decoded(user) : user }), hadPassword: secret.length > 0 }
}

/** The other way round; the schema of a machine has checked the parts. */
export function formatHostToken({ user, host, port }: { user?: string | undefined; host: string; port?: number | undefined }): string {
  const place = host.includes(':') && !host.startsWith('[') && port !== undefined ? `[${host}]` : host
  return `${user === undefined ? '' : `${user}@`}${place}${port === undefined ? '' : `:${port}`}`
}

function splitPort(place: string): { host: string; port?: number } | string {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(place)
  if (bracketed) {
    const host = bracketed[1] ?? ''
    if (!isIPv6(host.replace(/%.*$/, ''))) return `[${host.slice(0, 60)}] is no IPv6 address`
    return withPort(host, bracketed[2])
  }
  if (isIPv6(place.replace(/%.*$/, ''))) return { host: place }
  const colon = place.indexOf(':')
  if (colon < 0) return place === '' ? 'there is no host' : { host: place }
  return withPort(place.slice(0, colon), place.slice(colon + 1))
}

function withPort(host: string, text: string | undefined): { host: string; port?: number } | string {
  if (text === undefined) return { host }
  const port = Number(text)
  if (!/^\d{1,5}$/.test(text) || port < 1 || port > 65_535) return `${JSON.stringify(text.slice(0, 20))} is no port: these are 1 to 65535`
  return host === '' ? 'there is no host before the port' : { host, port }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text // a percent sign that stands for itself
  }
}
