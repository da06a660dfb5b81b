import { isIPv6 } from 'node:net'
import { MachineSpec } from '../contract/machines.ts'
import { isJumpHop } from './inventory-draft.ts'
import { jsonFormat } from './json-inventory.ts'
import { joinCell } from './list-cell.ts'
import { writeYaml } from './yaml-text.ts'

export type ExportFormat = 'csv' | 'ansible' | 'ssh-config' | 'json'

/** A text in the format. It holds what a person said of the machines: no secrets, and nothing that was found on them. */
export function exportInventory(machines: readonly MachineSpec[], format: ExportFormat): string {
  const specs = machines.map(specOf)
  switch (format) {
    case 'csv':
      return exportCsv(specs)
    case 'ansible':
      return exportAnsible(specs)
    case 'ssh-config':
      return exportSshConfig(specs)
    case 'json':
      return `${JSON.stringify({ format: jsonFormat, version: 1, machines: specs }, null, 2)}\n`
  }
}

/** Of a machine only what its person said: facts, ids and findings stay here. */
export const specOf = (machine: MachineSpec): MachineSpec =>
  MachineSpec.parse(Object.fromEntries(Object.entries(machine).filter(([key]) => Object.hasOwn(MachineSpec.shape, key))))

const columns = [
  'name',
  'host',
  'port',
  'user',
  'keyFiles',
  'auth',
  'jump',
  'groups',
  'tags',
  'notes',
  'folder',
  'nodeIp',
  'agentPort',
] as const

function exportCsv(specs: readonly MachineSpec[]): string {
  const rows = specs.map((spec) => columns.map((column) => quoted(cellOf(spec, column))).join(','))
  return `${[columns.join(','), ...rows].join('\r\n')}\r\n`
}

function cellOf(spec: MachineSpec, column: (typeof columns)[number]): string {
  const value = spec[column]
  if (value === undefined) return ''
  if (!Array.isArray(value)) return String(value)
  return value.length === 0 && (column === 'groups' || column === 'tags') ? '' : joinCell(value)
}

/** A spreadsheet takes a cell that begins so for a formula: an apostrophe in front makes it text, and our import takes it off again. */
function quoted(cell: string): string {
  const plain = /^'*[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell
  return /[",;\t\r\n]|^\s|\s$/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain
}

/** Each group path is a chain of groups for Ansible, named by its whole path as names are global there; `shoal_groups` says exactly which they were. */
function exportAnsible(specs: readonly MachineSpec[]): string {
  type Node = { hosts?: Record<string, object>; children?: Record<string, Node> }
  const keys = hostKeys(specs)
  const keyed = specs.map((spec, index) => ({ spec, key: keys[index] ?? spec.name }))
  const all: Node = { hosts: Object.fromEntries(keyed.map(({ spec, key }) => [key, ansibleVars(spec, key)])) }
  for (const { spec, key } of keyed) {
    for (const group of spec.groups) {
      let node = all
      const segments = group.split('/').filter((segment) => /[\p{L}\p{N}]/u.test(segment))
      for (const [index] of segments.slice(0, 8).entries()) {
        const name = segments
          .slice(0, index + 1)
          .map(groupWord)
          .join('_')
        node.children ??= {}
        node = node.children[name] ??= {}
      }
      if (node === all) continue
      node.hosts ??= {}
      node.hosts[key] = {}
    }
  }
  return `# Machines of Shoal. It holds no passwords.\n${writeYaml({ all })}`
}

/** Ansible reads colons in a host's key as ports, so a name that has them, or that another one took, is written beside it. */
function hostKeys(specs: readonly MachineSpec[]): string[] {
  const taken = new Set<string>()
  return specs.map(({ name }) => {
    const plain = name.replaceAll(/[:@]/g, '_')
    let key = plain
    for (let count = 2; taken.has(key.toLowerCase()); count += 1) key = `${plain}_${count}`
    taken.add(key.toLowerCase())
    return key
  })
}

const groupWord = (segment: string): string => segment.replaceAll(/[^\p{L}\p{N}_]/gu, '_').replace(/^(\d)/, '_$1')

function ansibleVars(spec: MachineSpec, key: string): Record<string, unknown> {
  const [firstKey, ...moreKeys] = spec.keyFiles ?? []
  const hops = spec.jump?.filter((hop) => /^[\w.@:[\]-]+$/.test(hop))
  const vars = {
    ansible_host: spec.host,
    ansible_port: spec.port,
    ansible_user: spec.user,
    ansible_ssh_private_key_file: firstKey,
    ansible_ssh_common_args: hops && hops.length > 0 ? `-o ProxyJump=${hops.join(',')}` : undefined,
    shoal_name: key === spec.name ? undefined : spec.name,
    shoal_key_files: moreKeys.length > 0 || spec.keyFiles?.length === 0 ? spec.keyFiles : undefined,
    shoal_jump: spec.jump,
    shoal_auth: spec.auth,
    shoal_groups: spec.groups.length > 0 ? spec.groups : undefined,
    shoal_tags: spec.tags.length > 0 ? spec.tags : undefined,
    shoal_notes: spec.notes === '' ? undefined : spec.notes,
    shoal_folder: spec.folder,
    shoal_node_ip: spec.nodeIp,
    shoal_agent_port: spec.agentPort,
  }
  return Object.fromEntries(Object.entries(vars).filter(([, value]) => value !== undefined))
}

/** What ssh itself can use: names, addresses, users, keys and jump hosts. Groups, tags and notes have no place there. */
function exportSshConfig(specs: readonly MachineSpec[]): string {
  const blocks = specs.map((spec) => {
    const hops = spec.jump?.filter(isJumpHop) ?? []
    const lines = [
      `Host ${spec.name}`,
      `HostName ${spec.host.replaceAll('%', '%%')}`,
      ...(spec.port === undefined ? [] : [`Port ${spec.port}`]),
      ...(spec.user === undefined ? [] : [`User ${spec.user}`]),
      ...(spec.keyFiles ?? []).map((path) => `IdentityFile ${sshQuoted(path)}`),
      ...(spec.jump === undefined ? [] : [`ProxyJump ${hops.length === 0 ? 'none' : hops.map(sshHop).join(',')}`]),
    ]
    return lines.join('\n  ')
  })
  return `# Machines of Shoal. It holds no passwords; groups, tags and notes are not part of this format.\n\n${blocks.join('\n\n')}\n`
}

const sshQuoted = (path: string): string => `"${path.replaceAll('%', '%%').replaceAll(/["\\]/g, '\\$&')}"`
/** An address with colons needs brackets, or its last part is taken for a port. */
const sshHop = (hop: string): string => (isIPv6(hop) ? `[${hop}]` : hop)
