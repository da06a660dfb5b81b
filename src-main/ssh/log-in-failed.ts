import { ClusterError } from '../../runtime/base/errors.ts'
import type { SshTarget } from './host-connection.ts'

/** What was tried, and with what success. Lists are bounded by who writes them. */
export type LogInRecord = {
  agentKeys: number
  readonly tried: string[]
  readonly notes: string[]
  /** What the server would take, as it said last. */
  offered: readonly string[]
  passwordsRefused: number
  answersRefused: number
  readonly lockedKeys: string[]
}

/** Why a host let us in by none of the ways, as told by what was tried. `details.reason` is for programs. */
export function logInFailed(target: SshTarget, record: LogInRecord): ClusterError {
  const who = `${target.user}@${target.host}:${target.port}`
  const { reason, what, remedy } = causeOf(target, record)
  const tried = record.tried.length > 0 ? `Tried: ${shortList(record.tried)}.` : 'Nothing could be tried.'
  const notes = record.notes.length > 0 ? ` Not used: ${shortList(record.notes)}.` : ''
  const offered = record.offered.length > 0 ? ` The server takes: ${record.offered.join(', ')}.` : ''
  return new ClusterError('ssh.auth-failed', `${target.name}: ${who} ${what}. ${tried}${notes}${offered} ${remedy}`, {
    details: { host: target.host, port: target.port, user: target.user, reason },
  })
}

function causeOf(target: SshTarget, record: LogInRecord): { reason: string; what: string; remedy: string } {
  const takes = (way: string) => record.offered.includes(way)
  if (record.passwordsRefused + record.answersRefused > 0) {
    return {
      reason: 'wrong-password',
      what: record.passwordsRefused > 0 ? `refused the password${times(record.passwordsRefused)}` : 'refused the answers that were given',
      remedy: 'Check user name and password; an account that is locked or expired looks the same from outside.',
    }
  }
  if (record.lockedKeys.length > 0) {
    return {
      reason: 'passphrase-missing',
      what: `was not entered: the key ${shortList(record.lockedKeys)}`,
      remedy: 'Give its passphrase, or load it into the ssh-agent with: ssh-add <file>.',
    }
  }
  if (record.tried.length > 0) {
    return {
      reason: 'key-refused',
      what: 'refused every key',
      remedy: `Put the public key there with: ssh-copy-id -i <key>.pub -p ${target.port} ${target.user}@${target.host}, or name another key or user.`,
    }
  }
  const wanted = [...(takes('publickey') ? ['a key'] : []), ...(takes('password') || takes('keyboard-interactive') ? ['a password'] : [])]
  return {
    reason: 'no-way-in-common',
    what: 'was not entered: there is nothing to show that it takes',
    remedy:
      wanted.length > 0
        ? `Give this machine ${wanted.join(' or ')}, and allow that way in.`
        : 'It takes no way that is served here; change its sshd_config.',
  }
}

const times = (count: number): string => (count === 1 ? '' : ` ${count} times`)

const shortList = (items: readonly string[]): string =>
  items.length <= 6 ? items.join('; ') : `${items.slice(0, 6).join('; ')}; and ${items.length - 6} more`
