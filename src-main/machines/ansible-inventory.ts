import { addAnsibleMachines, AnsibleModel } from './ansible-model.ts'
import { InventoryDraft, linesOf, type ParsedInventory, refuseHugeText, whyUnreadable } from './inventory-draft.ts'
import { splitWords } from './split-words.ts'
import { parseYaml, type YamlText } from './yaml-text.ts'

/** Machines of an inventory of Ansible in its INI form. Groups within groups become `outer/inner`; passwords are never read. */
export function parseAnsibleIni(text: string): ParsedInventory {
  const huge = refuseHugeText(text)
  if (huge) return huge
  const inventory = new InventoryDraft()
  const model = new AnsibleModel(inventory)
  let section = { group: 'ungrouped', kind: 'hosts' }
  for (const [index, line] of linesOf(text).entries()) {
    const at = index + 1
    const trimmed = line.trim()
    if (trimmed === '' || /^[#;]/.test(trimmed)) continue
    const unreadable = whyUnreadable(line)
    if (unreadable !== undefined) {
      inventory.problem(at, line, unreadable)
      continue
    }
    if (!trimmed.startsWith('[') || !/\]\s*(?:[#;].*)?$/.test(trimmed) || /^\[[^\]]*\]\S/.test(trimmed)) {
      readIniLine(model, inventory, { ...section, line: at, text: trimmed })
      continue
    }
    const [, group = '', kind = 'hosts'] = /^\[([^\]:]+)(?::(\w+))?\]/.exec(trimmed) ?? []
    if (group === '' || !['hosts', 'vars', 'children'].includes(kind)) {
      inventory.problem(at, trimmed, 'expected is [group], [group:children] or [group:vars]; what follows was left out')
      section = { group: '', kind: 'nothing' }
      continue
    }
    section = { group: group.trim(), kind }
    model.group(section.group, at)
  }
  addAnsibleMachines(model, inventory)
  return inventory.result()
}

type IniLine = { readonly group: string; readonly kind: string; readonly line: number; readonly text: string }

function readIniLine(model: AnsibleModel, inventory: InventoryDraft, { group, kind, line, text }: IniLine): void {
  if (kind === 'nothing') return
  if (kind === 'vars') {
    const [, name, value = ''] = /^([^\s=]+)\s*=\s*(.*)$/.exec(text) ?? []
    if (name === undefined) inventory.problem(line, text, 'expected is name=value')
    else model.group(group, line).vars.set(name, { value: unquoted(value), line })
    return
  }
  const words = splitWords(text, { comment: true })
  const [first, ...rest] = words ?? []
  if (first === undefined) return inventory.problem(line, text, 'a quote is not closed')
  if (kind === 'children') {
    model.group(first, line)
    model.group(group, line).children.add(first)
    if (rest.length > 0) inventory.problem(line, text, `expected is the name of one group; the rest of the line was left out`)
    return
  }
  const vars = new Map<string, { value: unknown; line: number }>()
  for (const word of rest) {
    const [, name, value] = /^([^=]+)=(.*)$/s.exec(word) ?? []
    if (name === undefined) inventory.problem(line, text, 'after the host, expected is name=value; a word without = was left out')
    else vars.set(name, { value, line })
  }
  model.addHosts(group, { pattern: first, line, text, vars })
}

/** Of a whole value that is quoted, what is inside; quotes within a value are its own. */
const unquoted = (value: string): string => /^(["'])(.*)\1\s*(?:#.*)?$/.exec(value)?.[2] ?? value.replace(/\s+#.*$/, '')

/** The same in its YAML form. */
export function parseAnsibleYaml(text: string): ParsedInventory {
  const { yaml, problems } = parseYaml(text)
  const inventory = new InventoryDraft()
  for (const { line, text: part, message } of problems) inventory.problem(line, part, message)
  if (yaml) {
    const model = new AnsibleModel(inventory)
    readGroups({ model, inventory, yaml }, yaml.value, [])
    addAnsibleMachines(model, inventory)
  }
  return inventory.result()
}

type Reading = { readonly model: AnsibleModel; readonly inventory: InventoryDraft; readonly yaml: YamlText }

/** A map of groups: the top of the text, or the children of a group. */
function readGroups(reading: Reading, value: unknown, path: readonly string[]): string[] {
  const { inventory, yaml } = reading
  if (!isRecord(value)) {
    inventory.problem(
      yaml.lineOf(path),
      path.at(-1) ?? '',
      'expected is a map of groups, such as all: with hosts:, children: and vars: in it',
    )
    return []
  }
  if (path.length > 32) {
    inventory.problem(yaml.lineOf(path), path.at(-1) ?? '', 'groups lie too deep in each other; what is below was left out')
    return []
  }
  for (const [name, group] of Object.entries(value)) readGroup(reading, { name, value: group, path: [...path, name] })
  return Object.keys(value)
}

function readGroup(reading: Reading, { name, value, path }: { name: string; value: unknown; path: readonly string[] }): void {
  const { model, inventory, yaml } = reading
  const line = yaml.lineOf(path)
  const group = model.group(name, line)
  if (value === null) return
  if (!isRecord(value)) return inventory.problem(line, name, 'expected below a group are hosts:, children: and vars:')
  for (const [key, content] of Object.entries(value)) {
    const at = [...path, key]
    if (content === null) continue
    if (key === 'hosts') readHosts(reading, { group: name, value: content, path: at })
    else if (key === 'children') for (const child of readGroups(reading, content, at)) group.children.add(child)
    else if (key === 'vars' && isRecord(content)) {
      for (const [variable, each] of Object.entries(content))
        group.vars.set(variable, { value: each, line: yaml.lineOf([...at, variable]) })
    } else inventory.problem(yaml.lineOf(at), key, `expected below the group ${name} are hosts:, children: and vars:; this was left out`)
  }
}

function readHosts(reading: Reading, { group, value, path }: { group: string; value: unknown; path: readonly string[] }): void {
  const { model, inventory, yaml } = reading
  if (!isRecord(value)) return inventory.problem(yaml.lineOf(path), group, 'expected below hosts: is a map, each host followed by a colon')
  for (const [pattern, content] of Object.entries(value)) {
    const line = yaml.lineOf([...path, pattern])
    const vars = new Map<string, { value: unknown; line: number }>()
    if (isRecord(content)) {
      for (const [name, each] of Object.entries(content)) vars.set(name, { value: each, line: yaml.lineOf([...path, pattern, name]) })
    } else if (content !== null) inventory.problem(line, pattern, 'expected below a host are its variables; this was left out')
    model.addHosts(group, { pattern, line, text: pattern, vars })
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)
