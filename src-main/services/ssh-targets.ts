import { ClusterError } from '../../runtime/base/errors.ts'
import type { Machine } from '../contract/machines.ts'
import type { SshTarget } from '../ssh/host-connection.ts'
import { parseHop, resolveSshHost } from '../ssh/resolve-ssh-host.ts'
import type { Machines } from './machines.ts'

const allWays: readonly ('agent' | 'key' | 'password' | 'keyboard-interactive')[] = ['agent', 'key', 'password', 'keyboard-interactive']
const mostHops = 8

/**
 * Everything that is needed to reach a machine: what a person said of it, then `~/.ssh/config`, then the defaults of ssh. A hop may
 * be another machine of the inventory, with all that was said of that one.
 * @throws ClusterError `bad-argument` for a hop that is none, or hops that lead in a circle; those of `resolveSshHost`
 */
export async function sshTargetOf(
  machine: Machine,
  machines: Pick<Machines, 'find'>,
  onTheWay: readonly string[] = [],
): Promise<SshTarget> {
  if (onTheWay.includes(machine.id) || onTheWay.length >= mostHops) {
    throw new ClusterError(
      'bad-argument',
      `the jump hosts of ${machine.name} lead in a circle, or are more than ${mostHops}; change its way there`,
    )
  }
  const { user, port, keyFiles, jump, name, host } = machine
  if (machine.via === 'local')
    throw new ClusterError('bad-argument', `${name} is this computer itself, and no jump host; take it out of the way to the others`)
  const resolved = await resolveSshHost(host, { user, port, keyFiles, ...(jump === undefined ? {} : { jump: [] }) })
  const hops =
    jump === undefined ? resolved.jump : (await Promise.all(jump.map((hop) => hopTargets(hop, machines, [...onTheWay, machine.id])))).flat()
  return { ...resolved, name, ways: new Set(machine.auth ?? allWays), jump: hops }
}

/** A hop with those that are before it. */
async function hopTargets(hop: string, machines: Pick<Machines, 'find'>, onTheWay: readonly string[]): Promise<SshTarget[]> {
  const known = machines.find(hop)
  if (known) {
    const target = await sshTargetOf(known, machines, onTheWay)
    return [...target.jump, { ...target, jump: [] }]
  }
  const { host, user, port } = parseHop(hop)
  const resolved = await resolveSshHost(host, { user, port })
  return [...resolved.jump, { ...resolved, name: hop, ways: new Set(allWays), jump: [] }]
}
