import type { ServiceKind } from '../contract/clusters.ts'
import type { Finding, MachineFacts } from '../contract/machines.ts'
import { wordForSh } from '../ssh/shell-quote.ts'
import { blocker, ok, warning } from './findings-words.ts'
import type { WantedOfMachine } from './findings.ts'
import { hostPort } from './machine-flags.ts'
import { rayPorts } from './ray/ray-ports.ts'

/** The ports that a node of this role listens on, and who has them. */
export function portFindings(facts: MachineFacts, { role, ports, clusterId, ray }: WantedOfMachine): Finding[] {
  if (role === 'none') return []
  const wanted = [
    { name: 'agent', port: ports.agent, flag: '--agent-port', isPublic: true },
    ...(role === 'head' ? [{ name: 'head', port: ports.head, flag: '--port', isPublic: true }] : []),
    ...(role === 'head' && ports.api !== 0 ? [{ name: 'api', port: ports.api, flag: '--api-port', isPublic: false }] : []),
  ]
  const others = wanted.map(({ port }) => port)
  const beside = ray ? portsBeside(ports.agent, role) : []
  const inTheWay = beside.flatMap(({ name, port }) => {
    const holder = holderOfPort(facts, { port, isPublic: true, clusterId })
    if (!holder || holder.isOwn) return []
    const detail = `${holder.process ?? 'Somebody'} listens on ${hostPort(holder.address, port)}; a node of Ray takes ${ports.agent} to ${ports.agent + beside.length}.`
    const remedy = `Take another first port (shoal cluster create --agent-port ${freeRange(facts, ports.agent, beside.length + 1)}), or stop what listens there.`
    return [blocker(`port.${name}-taken`, `Port ${port} is taken`, { detail, remedy })]
  })
  const usual = wanted.map(({ name, port, flag, isPublic }) => {
    const holder = holderOfPort(facts, { port, isPublic, clusterId })
    if (!holder) return ok(`port.${name}`, `Port ${port} is free`, `for ${wordsOf[name]}`)
    if (holder.isOwn) return ok(`port.${name}`, `Port ${port} is in use by this cluster`, `for ${wordsOf[name]}`)
    const free = freePort(facts, port, others)
    return blocker(`port.${name}-taken`, `Port ${port} is taken`, {
      detail: `${holder.process ?? 'Somebody'} listens on ${hostPort(holder.address, port)}, which is to be for ${wordsOf[name]}.`,
      remedy: `Take another port, such as ${free} (shoal cluster create ${flag} ${free}), or stop what listens there.`,
    })
  })
  return [...usual, ...inTheWay]
}

/** What a node of Ray listens on besides the first of its ports. */
const portsBeside = (agentPort: number, role: 'head' | 'worker') =>
  Object.entries(rayPorts(agentPort))
    .filter(([name]) => name !== 'nodeManager' && (role === 'head' || name !== 'client'))
    .map(([name, port]) => ({ name, port }))

/** The first of so many in a row that nobody listens on. */
function freeRange({ listening }: MachineFacts, after: number, count: number): number {
  const taken = new Set(listening.map(({ port }) => port))
  const isFree = (first: number) => Array.from({ length: count }, (_, index) => first + index).every((port) => !taken.has(port))
  for (let first = after + 10; first + count < 65_535; first += 10) if (isFree(first)) return first
  return after
}

type Wanted = { readonly port: number; readonly isPublic: boolean; readonly clusterId: string | undefined }
type Holder = MachineFacts['listening'][number] & {
  /** A node of that very cluster. */
  readonly isOwn: boolean
}

/** Who listens on a port, as far as that is in the way of one that is to listen at all addresses (`isPublic`) or on loopback. */
export function holderOfPort({ listening }: MachineFacts, { port, isPublic, clusterId }: Wanted): Holder | undefined {
  const holder = listening.find((each) => each.port === port && (isPublic || reachesLoopback(each.address)))
  return holder && { ...holder, isOwn: clusterId !== undefined && holder.session?.includes(`-${clusterId}/`) === true }
}

const wordsOf: Readonly<Record<string, string>> = {
  head: 'nodes and programs to reach the head',
  agent: 'the nodes to reach each other',
  api: 'the HTTP API, on loopback',
}

const reachesLoopback = (address: string): boolean => /^(0\.0\.0\.0|127\.|::$|::1$|::ffff:127\.)/.test(address)

/** The next one above that nobody listens on there, and that ours do not use. */
export function freePort(facts: MachineFacts, after: number, ours: readonly number[]): number {
  const taken = new Set([...facts.listening.map(({ port }) => port), ...ours])
  for (let port = after + 1; port < 65_535; port += 1) if (!taken.has(port)) return port
  for (let port = after - 1; port > 1_024; port -= 1) if (!taken.has(port)) return port
  return after
}

/** Can the wish to come back after a restart of the machine be met? */
export function serviceFindings({ services, user }: MachineFacts, wish: ServiceKind): Finding[] {
  if (wish === 'none') return []
  const bySystemd = services.systemdUser && services.linger === true
  const lingerCommand = `loginctl enable-linger ${wordForSh(user)}`
  const linger = `As root there: ${lingerCommand}`
  if (wish !== 'cron' && bySystemd) return [ok('service', 'Comes back after a restart', 'by systemd of the user, which lingers')]
  if (wish !== 'systemd' && services.cron) return [ok('service', 'Comes back after a restart', 'by a line @reboot of cron')]
  if (wish !== 'cron' && services.systemdUser) {
    return [
      warning('service.no-linger', 'Comes back only when linger can be switched on', {
        detail: `systemd runs for ${user} only while somebody is logged in. We try to switch that on; some systems want root for it.`,
        remedy: linger,
        command: lingerCommand,
      }),
    ]
  }
  const seen = [
    services.systemdUser ? '' : 'systemd does not run for this user',
    services.cron ? '' : 'there is no cron that this user may use',
  ]
  return [
    warning('service.unavailable', 'Would not come back after a restart', {
      detail: `${seen.filter((each) => each !== '').join(', and ')}. The node runs until the machine is restarted; then start it again from here.`,
      remedy:
        wish === 'cron'
          ? 'Install cron as root there: apt-get install cron (or choose --service auto).'
          : `${linger}, or install cron there.`,
      command: wish === 'cron' ? 'apt-get install cron' : lingerCommand,
    }),
  ]
}
