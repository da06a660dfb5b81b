import { ClusterName, ClusterPorts } from '../contract/clusters.ts'
import { InventoryDraft } from './inventory-draft.ts'
import type { ParsedClusterFile } from './cluster-file.ts'
import { jumpOfProxyCommand } from './ssh-command.ts'
import type { YamlText } from './yaml-text.ts'

type Fields = Record<string, unknown>
type Note = (path: readonly (string | number)[], message: string) => void

/** What such a file can say that no machine of ours needs, or that is not done here. */
const notTakenOver: Readonly<Record<string, string>> = {
  docker: 'the nodes run on the machines themselves, without a container',
  setup_commands:
    'no commands are run on the machines; packages stand under ray: packages: in a file of ours, or in the runtime_env of jobs',
  head_setup_commands: 'no commands are run on the machines',
  worker_setup_commands: 'no commands are run on the machines',
  initialization_commands: 'no commands are run on the machines',
  head_start_ray_commands: 'Ray is started with ports and a token of its own',
  worker_start_ray_commands: 'Ray is started with ports and a token of its own',
  file_mounts: 'no files are copied; a job brings its folder as working_dir',
  cluster_synced_files: 'no files are copied',
  file_mounts_sync_continuously: 'no files are copied',
  rsync_exclude: 'no files are copied',
  rsync_filter: 'no files are copied',
  available_node_types: 'each machine offers what it has',
  head_node_type: 'each machine offers what it has',
  head_node: 'each machine offers what it has',
  worker_nodes: 'each machine offers what it has',
  upscaling_speed: 'all machines that are named join at once',
  idle_timeout_minutes: 'machines stay until they are removed',
  min_workers: 'all machines that are named join at once',
  max_workers: 'all machines that are named join at once',
}

/** Reads Ray's launcher file for machines one has into the form of ours, as a cluster of Ray. */
export function readRayFile(yaml: YamlText): ParsedClusterFile {
  const draft = new InventoryDraft()
  const noted = new InventoryDraft() // for its shortening and masking
  const problem: Note = (path, message) => draft.problem(yaml.lineOf(path), path.join('.'), message)
  const note: Note = (path, message) => noted.problem(yaml.lineOf(path), path.join('.'), message)
  const top = asRecord(yaml.value)
  const provider = asRecord(top['provider'])
  const refusal = whyRefused(provider)
  if (refusal !== undefined) {
    problem(['provider'], refusal)
    return { file: undefined, problems: draft.result().problems, notes: [] }
  }
  for (const key of Object.keys(top)) {
    if (['cluster_name', 'provider', 'auth'].includes(key)) continue
    if (!isEmpty(top[key])) note([key], `not taken over: ${notTakenOver[key] ?? 'it is not known here'}`)
  }
  for (const key of Object.keys(provider)) {
    if (!['type', 'head_ip', 'worker_ips'].includes(key)) note(['provider', key], 'not taken over: it is not known here')
  }
  const common = readAuth(asRecord(top['auth']), note)
  const head = textOf(provider['head_ip'])
  const workers = Array.isArray(provider['worker_ips']) ? provider['worker_ips'].map(textOf) : []
  if (head === '') problem(['provider', 'head_ip'], 'provider.head_ip is missing: expected is the address of the machine for the head')
  else draft.add({ ...common, name: undefined, host: head }, yaml.lineOf(['provider', 'head_ip']), head)
  for (const [index, host] of workers.entries()) {
    draft.add({ ...common, name: undefined, host }, yaml.lineOf(['provider', 'worker_ips', index]), host)
  }
  const name = clusterNameOf(textOf(top['cluster_name']) || 'default', note)
  const { machines, problems } = draft.result()
  return finished({ name, machines, problems, notes: noted.result().problems })
}

function finished(
  read: { name: string } & Pick<ParsedClusterFile, 'problems' | 'notes'> & { machines: NonNullable<ParsedClusterFile['file']>['machines'] },
): ParsedClusterFile {
  const { name, machines, problems, notes } = read
  const [first, ...others] = machines
  if (problems.length > 0 || !first) return { file: undefined, problems, notes }
  const workers = others.map((machine) => machine.name)
  return {
    file: { name, engine: 'ray', ports: ClusterPorts.parse({}), service: 'none', head: first.name, workers, machines },
    problems,
    notes,
  }
}

function whyRefused(provider: Fields): string | undefined {
  const type = textOf(provider['type'])
  if ('coordinator_address' in provider) {
    return 'provider.coordinator_address names a server that hands out machines, which is not done here. Name them yourself, with head_ip and worker_ips.'
  }
  if (type === 'local') return undefined
  if (type === '') return 'provider.type is missing: of the files of Ray’s launcher, those with provider: type: local are read'
  return `provider.type is ${JSON.stringify(type.slice(0, 40))}: machines are not rented here. Of the files of Ray’s launcher, those with provider: type: local are read; or list your machines with \`shoal machine add\`.`
}

function readAuth(auth: Fields, note: Note): { user?: string; keyFiles?: string[]; jump?: string[] } {
  const common: { user?: string; keyFiles?: string[]; jump?: string[] } = {}
  for (const [key, value] of Object.entries(auth)) {
    if (isEmpty(value)) continue
    if (key === 'ssh_user') common.user = textOf(value)
    else if (key === 'ssh_private_key') common.keyFiles = [textOf(value)]
    else if (key === 'ssh_proxy_command') {
      const jump = jumpOfProxyCommand(textOf(value))
      if (jump) common.jump = jump
      else
        note(['auth', key], 'not taken over: only `ssh -W %h:%p host` is understood as a way there; give the machines a jump host instead')
    } else note(['auth', key], 'not taken over: it is not known here')
  }
  return common
}

/** Names there may hold anything. */
function clusterNameOf(given: string, note: Note): string {
  const name = given
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .slice(0, 48)
    .replaceAll(/^-+|-+$/g, '')
  const usable = ClusterName.safeParse(name).success ? name : 'default'
  if (usable !== given) note(['cluster_name'], `the cluster is called ${usable} here: names have small letters, digits and dashes`)
  return usable
}

const asRecord = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value)) : {}
const textOf = (value: unknown): string => (typeof value === 'string' ? value.trim() : typeof value === 'number' ? String(value) : '')
const isEmpty = (value: unknown): boolean =>
  value === null ||
  value === undefined ||
  value === '' ||
  (Array.isArray(value) && value.length === 0) ||
  (typeof value === 'object' && Object.keys(value).length === 0)
