import type { MachineSpec } from '../contract/machines.ts'
import { expandHostRange } from './host-range.ts'
import { parseHostToken } from './host-token.ts'
import { type InventoryDraft, isSecretName, type MachineDraft, maxInventoryMachines, nameFromHost } from './inventory-draft.ts'
import { splitWords } from './split-words.ts'
import { parseSshCommand } from './ssh-command.ts'

type Vars = Map<string, { readonly value: unknown; readonly line: number }>
type Group = { readonly hosts: Set<string>; readonly children: Set<string>; readonly vars: Vars; readonly line: number }
type Host = { readonly vars: Vars; readonly line: number; readonly text: string }

const maxGroups = 4_096
const maxDepth = 16
const maxPaths = 32

/** An inventory of Ansible, whichever way it was written: filled by its two readers, then turned into machines. */
export class AnsibleModel {
  readonly groups = new Map<string, Group>()
  readonly hosts = new Map<string, Host>()
  readonly #inventory: InventoryDraft

  constructor(inventory: InventoryDraft) {
    this.#inventory = inventory
    this.group('all', 1)
  }

  group(name: string, line: number): Group {
    const found = this.groups.get(name)
    if (found) return found
    const made: Group = { hosts: new Set(), children: new Set(), vars: new Map(), line }
    if (this.groups.size < maxGroups) this.groups.set(name, made)
    else this.#inventory.problem(line, name, `more than ${maxGroups} groups: this one was left out`)
    return made
  }

  /** Adds the hosts that a pattern such as `www[01:50]` stands for to a group. */
  addHosts(group: string, from: { pattern: string; line: number; text: string; vars: Vars }): void {
    const { pattern, line, text, vars } = from
    const expanded = expandHostRange(pattern, maxInventoryMachines, ':')
    if ('why' in expanded) return this.#inventory.problem(line, text, `not added: ${expanded.why}`)
    const target = this.group(group, line)
    for (const name of expanded.texts) {
      const host = this.hosts.get(name) ?? { vars: new Map(), line, text }
      if (!this.hosts.has(name) && this.hosts.size >= maxInventoryMachines) {
        return this.#inventory.problem(line, text, `more than ${maxInventoryMachines} hosts: this and what follows was left out`)
      }
      this.hosts.set(name, host)
      for (const [variable, value] of vars) host.vars.set(variable, value)
      target.hosts.add(name)
    }
  }
}

/** Adds all hosts; what of their variables is not taken over is said once for each variable. */
export function addAnsibleMachines(model: AnsibleModel, inventory: InventoryDraft): void {
  const shape = shapeOf(model, inventory)
  const groupsOfHost = new Map<string, string[]>()
  for (const [name, { hosts }] of model.groups) for (const host of hosts) groupsOfHost.set(host, [...(groupsOfHost.get(host) ?? []), name])
  const leftOut = new Map<string, { line: number; count: number }>()
  for (const [name, host] of model.hosts) {
    const stop = inventory.whyStop()
    if (stop !== undefined) {
      inventory.stopped(host.line, stop)
      break
    }
    const direct = groupsOfHost.get(name) ?? []
    const vars: Vars = new Map()
    for (const group of shape.inOrder(direct)) for (const entry of model.groups.get(group)?.vars ?? []) vars.set(...entry)
    for (const entry of host.vars) vars.set(...entry)
    const paths = direct.flatMap((group) => shape.pathsOf(group))
    addHost(inventory, { name, host, vars, paths, leftOut })
  }
  for (const [name, { line, count }] of leftOut) {
    const what = isSecretName(name)
      ? 'passwords are not kept in an inventory, they are asked for when they are needed'
      : 'it says nothing of how to reach a machine'
    inventory.problem(line, name, `the variable ${name} (${count} ${count === 1 ? 'host' : 'hosts'}) was left out: ${what}`)
  }
}

type HostToAdd = { name: string; host: Host; vars: Vars; paths: string[]; leftOut: Map<string, { line: number; count: number }> }

function addHost(inventory: InventoryDraft, { name, host, vars, paths, leftOut }: HostToAdd): void {
  const { line, text } = host
  const token = parseHostToken(name)
  if (typeof token === 'string') return inventory.problem(line, text, `not added: ${token}`)
  const named: Named = { host: token.host, groups: paths.slice(0, maxPaths), port: token.port }
  if (token.port === undefined || token.host !== name) named.name = nameFromHost(token.host)
  for (const [variable, { value, line: at }] of vars) {
    const why = takeVariable(named, variable, value)
    if (why === 'unknown')
      leftOut.set(variable, { line: leftOut.get(variable)?.line ?? at, count: (leftOut.get(variable)?.count ?? 0) + 1 })
    else if (why !== undefined) inventory.problem(at, variable, `${name}: ${why}`)
    if (why?.startsWith('not added')) return
  }
  if (paths.length > maxPaths) inventory.problem(line, text, `it is in ${paths.length} groups; ${maxPaths} of them were taken`)
  inventory.add({ ...named, groups: [...new Set(named.groups)] }, line, text)
}

type Named = { -readonly [field in keyof MachineDraft]: MachineDraft[field] } & { groups: string[] }

/** Undefined: taken. `unknown`: nothing that we keep. Else what to say. */
function takeVariable(named: Named, variable: string, value: unknown): string | undefined {
  const plain = variable.replace(/^ansible_(?:ssh_)?/, 'ansible_')
  if (isSecretName(variable)) return 'unknown'
  if (isVaulted(value)) return `${variable} is encrypted with Ansible Vault and was left out`
  switch (plain) {
    case 'ansible_host':
      named.host = String(value)
      return undefined
    case 'ansible_port':
      named.port = Number(value)
      return undefined
    case 'ansible_user':
      named.user = String(value)
      return undefined
    case 'ansible_private_key_file':
      named.keyFiles ??= [String(value)]
      return undefined
    case 'ansible_common_args':
    case 'ansible_extra_args':
    case 'ansible_args':
      return takeSshArguments(named, variable, String(value))
    case 'ansible_connection':
      return value === 'ssh' || value === 'smart' || value === 'paramiko'
        ? undefined
        : `not added: it is reached by ${String(value)}, not by SSH`
    default:
      return takeOwnVariable(named, variable, value)
  }
}

/** What our export writes for fields that Ansible has no word for. */
function takeOwnVariable(named: Named, variable: string, value: unknown): string | undefined {
  const field = /^shoal_(name|key_files|auth|jump|groups|tags|notes|folder|node_ip|agent_port)$/.exec(variable)?.[1]
  const texts = Array.isArray(value) ? value.map(String) : []
  switch (field) {
    case 'name':
    case 'notes':
    case 'folder':
      named[field] = String(value)
      return undefined
    case 'node_ip':
      named.nodeIp = String(value)
      return undefined
    case 'agent_port':
      named.agentPort = Number(value)
      return undefined
    case 'key_files':
      named.keyFiles = texts
      return undefined
    case 'auth':
      named.auth = texts as MachineSpec['auth'] // the schema refuses what is no way in
      return undefined
    case 'jump':
    case 'groups':
    case 'tags':
      named[field] = texts
      return undefined
    default:
      return 'unknown'
  }
}

function takeSshArguments(named: Named, variable: string, value: string): string | undefined {
  const words = splitWords(value)
  const parsed = words ? parseSshCommand([...words, 'host']) : 'a quote is not closed'
  if (typeof parsed === 'string') return `${variable} was left out: ${parsed}`
  const { jump, keyFiles, port, user } = parsed.draft
  named.jump ??= jump
  named.keyFiles ??= keyFiles
  named.port ??= port
  named.user ??= user
  return parsed.notTakenOver.length > 0 ? `of ${variable} this was left out: ${parsed.notTakenOver.join(', ')}` : undefined
}

const isVaulted = (value: unknown): boolean => typeof value === 'string' && value.startsWith('$ANSIBLE_VAULT')

/** Who contains whom: the paths of a group, and the order in which variables of groups count. */
function shapeOf(model: AnsibleModel, inventory: InventoryDraft) {
  const parents = new Map<string, string[]>()
  for (const [name, { children }] of model.groups) for (const child of children) parents.set(child, [...(parents.get(child) ?? []), name])
  const known = new Map<string, string[]>()
  const pathsOf = (group: string, below: readonly string[] = []): string[] => {
    if (group === 'all' || group === 'ungrouped') return []
    const before = known.get(group)
    if (before) return before
    if (below.includes(group) || below.length >= maxDepth) {
      const what = below.includes(group) ? 'contains itself' : `lies more than ${maxDepth} groups deep`
      inventory.problem(model.groups.get(group)?.line ?? 0, group, `the group ${group} ${what}; what is above it was left out`)
      return []
    }
    const above = (parents.get(group) ?? []).flatMap((parent) => pathsOf(parent, [...below, group]))
    const paths = (above.length === 0 ? [group] : above.map((path) => `${path}/${group}`)).slice(0, maxPaths + 1)
    known.set(group, paths)
    return paths
  }
  const depthOf = new Map<string, number>()
  const ancestors = (group: string, found: Set<string>, depth = 0): Set<string> => {
    if (found.has(group) || depth > maxDepth) return found
    found.add(group)
    for (const parent of parents.get(group) ?? []) ancestors(parent, found, depth + 1)
    return found
  }
  const depth = (group: string, level = 0): number => {
    const before = depthOf.get(group)
    if (before !== undefined || level > maxDepth) return before ?? 0
    depthOf.set(group, 0) // against groups that contain themselves
    const own = group === 'all' ? 0 : 1 + Math.max(0, ...(parents.get(group) ?? []).map((parent) => depth(parent, level + 1)))
    depthOf.set(group, own)
    return own
  }
  return {
    pathsOf: (group: string) => pathsOf(group),
    /** `all` first, then outer groups before inner ones, those beside each other by name: a later one goes before an earlier one. */
    inOrder(direct: readonly string[]): string[] {
      const all = new Set(['all'])
      for (const group of direct) ancestors(group, all)
      return [...all].sort((a, b) => depth(a) - depth(b) || (a < b ? -1 : 1))
    },
  }
}
