import { isIP } from 'node:net'
import { type FlagValues, type Flags, UsageError, commonFlags } from './command.ts'
import { tempDirOf } from './temp-dir.ts'
import { parseAddress, parseCount, parseLabels, parsePort, parseResources, parseSize } from './values.ts'

export const startFlags = {
  head: { help: 'start the head of a cluster, with a node beside it' },
  address: { value: 'HOST:PORT', help: 'join the cluster whose head listens there' },
  'join-token-file': { value: 'FILE', help: 'holds the join token; without it the variable SHOAL_JOIN_TOKEN is read' },
  port: { value: 'PORT', help: 'of the head; 0 takes a free one. Default: 6379' },
  'agent-port': { value: 'PORT', help: 'of the node, for other machines; 0 takes a free one. Default: 0' },
  'node-ip-address': { value: 'IP', help: 'to listen on. Default: that of the default route, or of the way to the head' },
  'node-name': { value: 'NAME', help: 'for lists. Default: the host name' },
  'num-cpus': { value: 'N', help: 'CPUs to hand out. Default: what the machine has' },
  'num-gpus': { value: 'N', help: 'GPUs to hand out. Default: what the machine has' },
  memory: { value: 'SIZE', help: 'memory to hand out, such as 8GiB. Default: 70 % of what the machine has' },
  'object-store-memory': { value: 'SIZE', help: 'shared memory for objects. Default: 30 % of the memory' },
  resources: { value: 'JSON', help: `custom resources, such as '{"license": 2}'` },
  labels: { value: 'LABELS', help: `such as zone=a,disk=ssd or '{"zone": "a"}'` },
  'dashboard-host': {
    value: 'HOST',
    help: 'where the HTTP API listens. Default: 127.0.0.1, for this machine and for SSH tunnels. Elsewhere its tokens go over the network unencrypted',
  },
  'dashboard-port': { value: 'PORT', help: 'of the HTTP API; 0 takes a free one. Default: 8265, or a free one after it' },
  'dashboard-allowed-hosts': {
    value: 'NAMES',
    help: 'further host names under which the HTTP API may be called, with commas, such as that of a proxy',
  },
  'include-dashboard': { value: 'BOOL', help: 'false: no HTTP API; then there are no jobs, logs and lists from outside. Default: true' },
  block: { help: 'stay in the foreground; Ctrl-C ends what was started' },
  ...commonFlags,
} as const satisfies Flags

/** What `shoal start` was asked for, checked. Amounts are whole, memory is bytes. */
export type StartOptions = {
  readonly tempDir: string
  /** 0: a free one. */
  readonly port: number
  readonly agentPort: number
  readonly nodeIpAddress: string | undefined
  readonly nodeName: string | undefined
  readonly resources: Readonly<Record<string, number>>
  readonly labels: Readonly<Record<string, string>>
  readonly objectStoreBytes: number | undefined
  readonly joinTokenFile: string | undefined
  readonly isBlocking: boolean
} & (
  | { readonly head: true; readonly api: ApiOptions | null }
  | { readonly head: false; readonly address: { readonly host: string; readonly port: number } }
)

/** Where the HTTP API listens. `port` undefined: the default one, or another where that is taken. */
export type ApiOptions = { readonly host: string; readonly port: number | undefined; readonly allowedHosts: readonly string[] }

const defaultPort = '6379'
const headOnly = ['port', 'dashboard-host', 'dashboard-port', 'dashboard-allowed-hosts', 'include-dashboard']
const joinOnly = ['address', 'join-token-file']

/** @throws UsageError */
export function readStartOptions(values: FlagValues): StartOptions {
  const head = values.has('head')
  const address = values.find('address')
  if (!head && address === undefined) throw new UsageError('start needs --head for a new cluster, or --address HOST:PORT to join one')
  const misplaced = (head ? joinOnly : headOnly).find((name) => values.has(name))
  if (misplaced)
    throw new UsageError(head ? `--${misplaced} joins a cluster, and --head starts one; leave one out` : `--${misplaced} is for --head`)
  const common = {
    tempDir: tempDirOf(values),
    port: parsePort('--port', values.find('port') ?? defaultPort),
    agentPort: parsePort('--agent-port', values.find('agent-port') ?? '0'),
    nodeIpAddress: parseIp(values.find('node-ip-address')),
    nodeName: parseName(values.find('node-name')),
    resources: readResources(values),
    labels: parsed(values, 'labels', parseLabels) ?? {},
    objectStoreBytes: parsed(values, 'object-store-memory', parseSize),
    joinTokenFile: values.find('join-token-file'),
    isBlocking: values.has('block'),
  }
  return address === undefined
    ? { ...common, head: true, api: readApiOptions(values) }
    : { ...common, head: false, address: parseAddress('--address', address) }
}

function readApiOptions(values: FlagValues): ApiOptions | null {
  const include = values.find('include-dashboard') ?? 'true'
  if (!/^(true|false)$/i.test(include)) throw new UsageError(`--include-dashboard must be true or false, got ${JSON.stringify(include)}`)
  if (include.toLowerCase() === 'false') return null
  const host = values.find('dashboard-host') ?? '127.0.0.1'
  if (!/^[0-9a-zA-Z.:_-]{1,253}$/.test(host))
    throw new UsageError(`--dashboard-host must be an address of this machine, got ${JSON.stringify(host)}`)
  const allowedHosts = (values.find('dashboard-allowed-hosts') ?? '').split(',').flatMap((name) => name.trim() || [])
  return { host: host === 'localhost' ? '127.0.0.1' : host, port: parsed(values, 'dashboard-port', parsePort), allowedHosts }
}

function readResources(values: FlagValues): Record<string, number> {
  const amounts = {
    CPU: parsed(values, 'num-cpus', parseCount),
    GPU: parsed(values, 'num-gpus', parseCount),
    memory: parsed(values, 'memory', parseSize),
  }
  const given = Object.entries(amounts).flatMap(([name, amount]) => (amount === undefined ? [] : [[name, amount] as const]))
  return { ...parsed(values, 'resources', parseResources), ...Object.fromEntries(given) }
}

function parsed<T>(values: FlagValues, name: string, parse: (flag: string, text: string) => T): T | undefined {
  const text = values.find(name)
  return text === undefined ? undefined : parse(`--${name}`, text)
}

function parseIp(text: string | undefined): string | undefined {
  if (text === undefined || isIP(text) !== 0) return text
  throw new UsageError(`--node-ip-address must be an IP address of this machine, got ${JSON.stringify(text)}`)
}

const longestName = 256

function parseName(text: string | undefined): string | undefined {
  if (text === undefined || (text !== '' && text.length <= longestName)) return text
  throw new UsageError(`--node-name must have 1 to ${longestName} letters`)
}
