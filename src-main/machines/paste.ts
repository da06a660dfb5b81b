import { expandHostRange } from './host-range.ts'
import { parseHostToken } from './host-token.ts'
import {
  InventoryDraft,
  isSecretName,
  linesOf,
  type MachineDraft,
  maxInventoryMachines,
  type ParsedInventory,
  refuseHugeText,
  whyUnreadable,
} from './inventory-draft.ts'
import { splitAtCommas, splitWords } from './split-words.ts'
import { jumpOf, parseSshCommand } from './ssh-command.ts'

/**
 * Machines from a pasted text: a line, or words and commas between them, of `user@host:port`, `ssh://…`, aliases, ranges such as `gpu[01-08]`;
 * options such as `user=`, `key=` behind the hosts they are for, or in front for the whole line; or whole `ssh …` command lines.
 */
export function parsePastedHosts(text: string): ParsedInventory {
  const huge = refuseHugeText(text)
  if (huge) return huge
  const inventory = new InventoryDraft()
  const lines = linesOf(text)
  for (const [index, line] of lines.entries()) {
    const stop = inventory.whyStop()
    if (stop !== undefined) {
      if (lines.slice(index).some((each) => !isNothing(each))) inventory.stopped(index + 1, stop)
      break
    }
    readLine(inventory, index + 1, line)
  }
  return inventory.result()
}

const isNothing = (line: string): boolean => /^\s*(#|$)/.test(line)

function readLine(inventory: InventoryDraft, line: number, text: string): void {
  if (isNothing(text)) return
  const unreadable = whyUnreadable(text)
  const words = unreadable === undefined ? splitWords(text, { comment: true }) : []
  if (unreadable !== undefined || !words) return inventory.problem(line, text, unreadable ?? 'a quote is not closed')
  const [first = ''] = words
  if (/^(?:\/\S*\/)?sshpass$/.test(first)) {
    const from = words.findIndex((word) => /^(?:\/\S*\/)?ssh$/.test(word))
    inventory.problem(line, text, 'the password of sshpass was left out: it is asked for when it is needed')
    return readCommand(inventory, { line, text, words: from < 0 ? [] : words.slice(from + 1) })
  }
  if (/^(?:\/\S*\/)?ssh$/.test(first) && words.length > 1) return readCommand(inventory, { line, text, words: words.slice(1) })
  readHosts(inventory, { line, text, words })
}

type Line = { readonly line: number; readonly text: string; readonly words: readonly string[] }

function readCommand(inventory: InventoryDraft, { line, text, words }: Line): void {
  const command = parseSshCommand(words)
  if (typeof command === 'string') return inventory.problem(line, text, command)
  if (inventory.add(command.draft, line, text) && command.notTakenOver.length > 0) {
    inventory.problem(line, text, `added, but without ${command.notTakenOver.join(', ')}`)
  }
}

/** Hosts, then options for them, then hosts again; options in front are for the whole line. */
function readHosts(inventory: InventoryDraft, { line, text, words }: Line): void {
  const forAll: [string, string][] = []
  const groups: { hosts: string[]; options: [string, string][] }[] = []
  let isOption = true
  for (const word of words) {
    const option = /^([a-z][a-z_-]*)=(.*?)[,;]?$/i.exec(word)
    if (option) {
      const entry: [string, string] = [option[1]?.toLowerCase() ?? '', option[2] ?? '']
      ;(groups.at(-1)?.options ?? forAll).push(entry)
      isOption = true
      continue
    }
    if (isOption || groups.length === 0) groups.push({ hosts: [], options: [] })
    groups.at(-1)?.hosts.push(...splitAtCommas(word))
    isOption = false
  }
  if (groups.length === 0) return inventory.problem(line, text, 'there is no host, only options')
  const stray = findStrayWord(words)
  if (stray !== undefined)
    return inventory.problem(line, text, `not added: ${JSON.stringify(stray)} is no host, so this line is taken for a text`)
  for (const { hosts, options } of groups) {
    const common = readOptions([...forAll, ...options], (message) => inventory.problem(line, text, message))
    if (common) addHosts(inventory, { line, text, hosts, common })
  }
}

/** A word that can be no host, among several: other words of such a line only look like host names. */
function findStrayWord(words: readonly string[]): string | undefined {
  const hosts = words.filter((word) => !word.includes('='))
  return hosts.length > 1 ? hosts.find((word) => !/[\p{L}\p{N}]/u.test(word)) : undefined
}

type Common = { draft: MachineDraft; names: string[] }

function addHosts(inventory: InventoryDraft, from: { line: number; text: string; hosts: readonly string[]; common: Common }): void {
  const { line, text, hosts, common } = from
  const tokens: string[] = []
  for (const host of hosts) {
    const expanded = expandHostRange(host, maxInventoryMachines)
    if ('why' in expanded) inventory.problem(line, host, expanded.why)
    else tokens.push(...expanded.texts)
    if (tokens.length > maxInventoryMachines) break // the rest is refused one by one below
  }
  const { draft, names } = common
  if (names.length > 0 && names.length !== tokens.length) {
    return inventory.problem(line, text, `not added: ${names.length} names for ${tokens.length} hosts`)
  }
  for (const [index, token] of tokens.entries()) {
    const parsed = parseHostToken(token)
    if (typeof parsed === 'string') {
      inventory.problem(line, token, `not added: ${parsed}. Expected is a host, user@host:port or ssh://user@host:port`)
      continue
    }
    const { hadPassword, ...place } = parsed
    if (hadPassword) inventory.problem(line, token, 'the password in the address was left out: it is asked for when it is needed')
    const name = names[index]
    const isAdded = inventory.add({ ...draft, ...place, ...(name === undefined ? {} : { name }) }, line, token)
    if (!isAdded && inventory.whyStop() !== undefined) return
  }
}

/** Undefined: one of them is so wrong that its machines are not added. */
function readOptions(options: readonly (readonly [string, string])[], problem: (message: string) => void): Common | undefined {
  const draft: { -readonly [field in keyof MachineDraft]: MachineDraft[field] } = {}
  const names: string[] = []
  for (const [name, value] of options) {
    if (isSecretName(name)) {
      problem(`${name}= was left out: passwords are not kept in an inventory, they are asked for when they are needed`)
      continue
    }
    const field = optionFields[name.replaceAll(/[_-]/g, '')]
    if (field === undefined) {
      problem(
        `the option ${name}= is not known and was left out; known are name, user, port, key, jump, groups, tags, folder, ip and notes`,
      )
    } else if (field === 'name') {
      const expanded = expandHostRange(value, maxInventoryMachines)
      if ('why' in expanded) {
        problem(`not added: ${expanded.why}`)
        return undefined
      }
      names.push(...expanded.texts)
    } else if (field === 'port' || field === 'agentPort') draft[field] = Number(value)
    else if (field === 'keyFiles' || field === 'groups' || field === 'tags') draft[field] = [...(draft[field] ?? []), ...list(value)]
    else if (field === 'jump') draft.jump = jumpOf(value)
    else draft[field] = value
  }
  return { draft, names }
}

const list = (value: string): string[] =>
  value
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '')

const optionFields: Readonly<
  Record<string, 'name' | 'user' | 'port' | 'agentPort' | 'keyFiles' | 'groups' | 'tags' | 'jump' | 'folder' | 'nodeIp' | 'notes'>
> = {
  name: 'name',
  user: 'user',
  port: 'port',
  agentport: 'agentPort',
  key: 'keyFiles',
  keys: 'keyFiles',
  identityfile: 'keyFiles',
  group: 'groups',
  groups: 'groups',
  tag: 'tags',
  tags: 'tags',
  jump: 'jump',
  proxyjump: 'jump',
  folder: 'folder',
  ip: 'nodeIp',
  nodeip: 'nodeIp',
  note: 'notes',
  notes: 'notes',
}
