import type { Machine } from '../../../src-main/contract/machines.ts'

/** A machine that shows another key than the one that is written down, as its message tells. */
export type ChangedKey = {
  readonly machine: Machine
  readonly address: string
  readonly keyType: string
  readonly seen: string
  readonly known: string
  /** File and line in which the old one stands. */
  readonly where: string
  /** Given where the old one stands in a file that is not the panel's: what takes it out there. */
  readonly command: string | null
  readonly isRevoked: boolean
}

/** Tells one time from another: the same machine may be met with again. */
export const changeId = ({ id, reach }: Machine): string => `${id} ${reach.sinceMs}`

export const hasChangedKey = ({ reach }: Machine): boolean => reach.state === 'unreachable' && reach.code === 'ssh.host-key-changed'

export function changedKeyOf(machine: Machine): ChangedKey {
  const message = machine.reach.message ?? ''
  const [, address] = /: (\S+:\d+) shows /.exec(message) ?? []
  const [, keyType = '', seen = ''] =
    /Seen: (\S+) (SHA256:[\w+/=]+)/.exec(message) ?? /the host key ()(SHA256:[\w+/=]+)/.exec(message) ?? []
  const [, known = '', where = ''] = /Written down: \S* ?(SHA256:[\w+/=]+) \(([^)]*)\)/.exec(message) ?? []
  const [, command] = /remove it with: (ssh-keygen .+?), and connect again/.exec(message) ?? []
  return {
    machine,
    address: address ?? `${machine.host}:${machine.port ?? 22}`,
    keyType,
    seen,
    known,
    where,
    command: command ?? null,
    isRevoked: /marks as revoked/.test(message),
  }
}
