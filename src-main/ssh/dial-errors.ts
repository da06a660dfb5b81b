import { ClusterError, toError } from '../../runtime/base/errors.ts'
import { shownText } from '../../runtime/base/shown-text.ts'
import type { SshTarget } from './host-connection.ts'
import type { PeerGreeting } from './peer-greeting.ts'

const detailsOf = (target: SshTarget, reason: string) => ({ host: target.host, port: target.port, reason })
const where = (target: SshTarget) => `${target.name}: ${target.host}:${target.port}`

/** Why there is no TCP connection. */
export function tcpFailed(target: SshTarget, error: unknown): ClusterError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const [what, remedy] = tcpCauses[code] ?? [`cannot be reached: ${toError(error).message}`, 'Check host, port and network.']
  return new ClusterError('ssh.unreachable', `${where(target)} ${what}. ${remedy}`, {
    details: detailsOf(target, code || 'other'),
    cause: error,
  })
}

const noRoute: [string, string] = [
  'cannot be reached: there is no route to it',
  'Check that this computer is in the right network or VPN, and the address.',
]
const notFound: [string, string] = [
  'is not known: the name does not resolve',
  'Check its spelling, or give the address; a name that only a jump host knows needs that jump host.',
]
const tcpCauses: Readonly<Record<string, [string, string] | undefined>> = {
  ENOTFOUND: notFound,
  EAI_AGAIN: ['is not known now: the name server does not answer', 'Check the network of this computer, or give the address.'],
  EAI_NODATA: notFound,
  ECONNREFUSED: ['refused the connection: nothing listens on that port', 'Check the port, and that sshd runs there.'],
  ECONNRESET: ['broke the connection off', 'A firewall may do so; check that it lets this computer through.'],
  EHOSTUNREACH: noRoute,
  ENETUNREACH: noRoute,
  EHOSTDOWN: ['does not answer', 'Check that it is switched on.'],
  ETIMEDOUT: ['does not answer', 'Check that it is switched on, the address, and that no firewall drops the connection.'],
}

export const noAnswer = (target: SshTarget, afterMs: number) =>
  new ClusterError(
    'ssh.unreachable',
    `${where(target)} does not answer: no connection within ${seconds(afterMs)}. Check that it is switched on, the address, and that no firewall drops the connection.`,
    { details: detailsOf(target, 'timeout') },
  )

/** A hop on the way did not get any further. */
export function jumpFailed(target: SshTarget, via: SshTarget, error: unknown): ClusterError {
  const said = shownText(toError(error).message.replace('(SSH) Channel open failure: ', ''))
  const remedy = isForbidden(error)
    ? `Its sshd does not forward: set AllowTcpForwarding yes there, or take another jump host.`
    : `Check that ${target.host}:${target.port} is reached from ${via.host}, and that sshd runs there.`
  return new ClusterError(
    'ssh.unreachable',
    `${where(target)} cannot be reached through the jump host ${via.name}: ${said || 'no reason given'}. ${remedy}`,
    {
      details: { ...detailsOf(target, 'jump'), via: via.name },
      cause: error,
    },
  )
}

/** The server would not forward at all; else it did not get there. RFC 4254 gives these reasons numbers. */
export const isForbidden = (error: unknown): boolean =>
  error instanceof Error && (('reason' in error && error.reason === 1) || /prohibited/i.test(error.message))

/** What broke in the handshake. `isBroken`: the link ended without a word, as it does when a server has too many of them. */
export function handshakeFailed(target: SshTarget, error: Error, greeting: PeerGreeting): { error: ClusterError; isBroken: boolean } {
  const said = error.message
  if (/no matching/i.test(said)) return { error: incompatible(target, error, greeting), isBroken: false }
  // A server with too many connections says so in a line of its own, before it would say who it is.
  const isTooMany = /MaxStartups|too many/i.test(greeting.text) && greeting.ident === undefined
  if (greeting.ident === undefined && greeting.text.trim() !== '' && !isTooMany)
    return { error: noSshServer(target, greeting, error), isBroken: false }
  const isBroken = greeting.ident === undefined || /reset|before handshake|ended|closed|ECONN|EPIPE/i.test(said)
  const at = greeting.ident === undefined ? 'before it said who it is' : 'in the handshake'
  return {
    error: new ClusterError(
      'ssh.unreachable',
      `${where(target)} broke the connection off ${at} (${shownText(said)}). It may have too many connections at once (MaxStartups in its sshd_config), or bar this computer for a while after failed log-ins. Try again in a minute.`,
      { details: detailsOf(target, 'handshake'), cause: error },
    ),
    isBroken,
  }
}

export function handshakeLate(target: SshTarget, greeting: PeerGreeting, afterMs: number): ClusterError {
  if (greeting.ident === undefined) return noSshServer(target, greeting, new Error(`no answer within ${seconds(afterMs)}`))
  return new ClusterError(
    'ssh.unreachable',
    `${where(target)} did not finish the handshake within ${seconds(afterMs)}. It may be overloaded; try again in a minute.`,
    {
      details: detailsOf(target, 'timeout'),
    },
  )
}

export const authLate = (target: SshTarget, afterMs: number) =>
  new ClusterError(
    'ssh.unreachable',
    `${where(target)} did not answer the log-in within ${seconds(afterMs)}. It may be overloaded, or waits for a name server or directory that is down; try again in a minute.`,
    {
      details: detailsOf(target, 'timeout'),
    },
  )

export const passwordExpired = (target: SshTarget) =>
  new ClusterError(
    'ssh.auth-failed',
    `${where(target)} wants a new password for ${target.user}, as the old one has expired. Log in once with ssh in a terminal and change it there.`,
    {
      details: detailsOf(target, 'password-expired'),
    },
  )

export const dialCancelled = (target: SshTarget) =>
  new ClusterError('link.closed', `connecting to ${target.name} was cancelled`, { details: { host: target.host, port: target.port } })

function noSshServer(target: SshTarget, greeting: PeerGreeting, error: Error): ClusterError {
  const line = shownText(greeting.text.trim().split(/\r?\n/)[0] ?? '').slice(0, 80)
  const said = line === '' ? 'it says nothing' : `it says: ${line}`
  return new ClusterError(
    'ssh.unreachable',
    `${where(target)} takes the connection, but no SSH server answers there (${said}). Check the port.`,
    {
      details: detailsOf(target, 'no-ssh-server'),
      cause: error,
    },
  )
}

function incompatible(target: SshTarget, error: Error, { offer, ident }: PeerGreeting): ClusterError {
  const kind = /no matching (?:[CS]->[CS] )?(.*)$/i.exec(error.message)?.[1] ?? 'algorithm'
  const [offered, option] = /exchange/i.test(kind)
    ? [offer?.kex, 'KexAlgorithms +curve25519-sha256']
    : /host key/i.test(kind)
      ? [offer?.hostKeys, 'a HostKey of type ed25519']
      : [offer?.ciphers, 'Ciphers +aes256-ctr and MACs +hmac-sha2-256']
  const list = offered ? ` It offers only: ${shownText(offered.slice(0, 12).join(', ')).slice(0, 400)}.` : ''
  return new ClusterError(
    'ssh.incompatible',
    `${where(target)} (${shownText(ident ?? '').slice(0, 80)}) and Shoal have no ${kind} in common.${list} Have its administrator add ${option} to sshd_config.`,
    { details: detailsOf(target, 'no-common-algorithm'), cause: error },
  )
}

const seconds = (ms: number) => `${Math.round(ms / 100) / 10} s`
