import { isIP } from 'node:net'
import type * as z from 'zod'
import { shownText } from '../../runtime/base/shown-text.ts'
import { MachineSpec } from '../contract/machines.ts'

/** A line that was not taken, or not taken whole. `line` counts from 1; 0 is said of the text as a whole. */
export type InventoryProblem = {
  readonly line: number /** The line or the part of it, shortened, without secrets. */
  readonly text: string
  readonly message: string
}

/** What was understood of a text, and all that was not. */
export type ParsedInventory = { readonly machines: MachineSpec[]; readonly problems: InventoryProblem[] }

/** What a format says of a machine; what is undefined was not said. A machine without a name gets one from its host. */
export type MachineDraft = { readonly [field in keyof MachineSpec]?: z.input<typeof MachineSpec>[field] | undefined }

export const maxInventoryMachines = 4_096
const maxProblems = 1_000
/** Beyond those that are listed; a text of millions of wrong words is not read to its end. */
const maxUnlisted = 10_000
const maxMessageLength = 1_000
const maxTextLength = 4_194_304
const maxLineLength = 65_536
const maxShownLength = 160

const controlCharacters = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u

/** Gathers machines and problems of one text: checks each machine, names it, and sees what comes twice. */
export class InventoryDraft {
  readonly #machines: MachineSpec[] = []
  readonly #problems: InventoryProblem[] = []
  readonly #lineOfName = new Map<string, number>()
  readonly #lineOfWay = new Map<string, number>()
  #tooMany = 0

  /** Why nothing more of the text need be read; undefined: go on. */
  whyStop(): string | undefined {
    if (this.#machines.length >= maxInventoryMachines)
      return `${maxInventoryMachines} machines are read already: this and what follows was left out`
    return this.#tooMany > maxUnlisted
      ? 'so much could not be read that this and what follows was left out. Is it the right text?'
      : undefined
  }

  /** Said even when the list is full: there is one such, the last. */
  stopped(line: number, message: string): void {
    this.#problems.push({ line, text: '', message })
  }

  problem(line: number, text: string, message: string): void {
    if (this.#problems.length < maxProblems)
      this.#problems.push({
        line,
        text: withoutSecrets(text),
        message: withoutAddressSecrets(shownText(message.slice(0, maxMessageLength))),
      })
    else this.#tooMany += 1
  }

  /** False when it was not taken; why is among the problems. */
  add(draft: MachineDraft, line: number, text: string): boolean {
    const stop = this.whyStop()
    if (stop !== undefined) {
      this.problem(line, text, stop)
      return false
    }
    const named = { ...draft, name: draft.name ?? this.#freeName(draft) }
    const parsed = MachineSpec.safeParse(Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined)))
    const why = parsed.success ? whyUnsafe(parsed.data) : plainIssue(parsed.error.issues[0], named)
    if (!parsed.success || why !== undefined) {
      this.problem(line, text, `not added: ${why}`)
      return false
    }
    return this.#addUnlessTwice(parsed.data, { line, text, isNamed: draft.name !== undefined })
  }

  result(): ParsedInventory {
    const more = { line: 0, text: '', message: `${this.#tooMany} more problems are not listed` }
    return { machines: this.#machines, problems: this.#tooMany > 0 ? [...this.#problems, more] : this.#problems }
  }

  /** One that has a name of its own may be reached as another one is, as several nodes on one computer are. */
  #addUnlessTwice(spec: MachineSpec, { line, text, isNamed }: { line: number; text: string; isNamed: boolean }): boolean {
    const name = comparable(spec.name)
    const way = wayOf(spec)
    const before = this.#lineOfName.get(name) ?? (isNamed ? undefined : this.#lineOfWay.get(way))
    if (before !== undefined) {
      const what = this.#lineOfName.has(name) ? `the name ${spec.name}` : `${spec.host} with this user, port and way there`
      this.problem(line, text, `not added: ${what} was in line ${before} already`)
      return false
    }
    this.#lineOfName.set(name, line)
    this.#lineOfWay.set(way, line)
    this.#machines.push(spec)
    return true
  }

  /** The host; with its port or user where the name is taken by another way in, as rented machines share an address. */
  #freeName(draft: MachineDraft): string {
    const plain = nameFromHost(draft.host ?? '')
    const choices = [plain, `${plain}:${draft.port ?? 22}`, `${draft.user ?? 'user'}@${plain}:${draft.port ?? 22}`]
    const isSameWay = this.#lineOfWay.has(wayOf({ ...draft, host: draft.host ?? '' }))
    return (isSameWay ? undefined : choices.find((name) => !this.#lineOfName.has(comparable(name)))) ?? plain
  }
}

/** Undefined: the text may be read on. Else a result that says why not; nothing of the text was looked at. */
export function refuseHugeText(text: string): ParsedInventory | undefined {
  if (text.length <= maxTextLength) return undefined
  const message = `the text has ${(text.length / 1_048_576).toFixed(1)} MB; at most ${maxTextLength / 1_048_576} MB are read. Is it the right file?`
  return { machines: [], problems: [{ line: 0, text: '', message }] }
}

/** Why nothing of this line can be read; undefined: it can. */
export function whyUnreadable(line: string): string | undefined {
  if (line.length > maxLineLength) return `the line has ${line.length} characters; at most ${maxLineLength} are read`
  return controlCharacters.test(line.replaceAll('\t', ' ')) ? 'the line has control characters in it' : undefined
}

export const linesOf = (text: string): string[] => text.replace(/^\ufeff/, '').split(/\r\n|\n|\r/)

/** Words after which a secret stands, in options, variables and addresses; it is what a problem must not repeat. */
const secretWord = /(?:pass|passwd|password|passphrase|pwd|secret|token|credential)/i
export const isSecretName = (name: string): boolean => secretWord.test(name.replaceAll(/[\s_.-]/g, ''))

export function withoutSecrets(text: string): string {
  const masked = text
    .slice(0, 1_000) // more is not shown, and the patterns stay cheap
    .replaceAll(/(?<![\w.-])([\w.-]+)(["']?\s*[=:]\s*)("[^"]*"?|'[^']*'?|[^\s,;]+)/g, (whole, name: string, between: string) =>
      isSecretName(name) ? `${name}${between}***` : whole,
    )
    .replaceAll(/(sshpass\s+(?:-\S+\s+)*?-p\s*)("[^"]*"?|'[^']*'?|\S+)/gi, '$1***')
  const shown = shownText(withoutAddressSecrets(masked).trim())
  return shown.length > maxShownLength ? `${shown.slice(0, maxShownLength)}…` : shown
}

/** `user:password@host`, with and without `ssh://` before it. */
const withoutAddressSecrets = (text: string): string => text.replaceAll(/(^|[\s,;/"'])([^\s:@/,;"']+):(?!\/\/)[^\s]+(?=@)/g, '$1$2:***')

/** As the name of a machine, from a host: what may not stand in a name goes. */
export function nameFromHost(host: string): string {
  return host
    .replaceAll(/[^\p{L}\p{N}._@:-]+/gu, '-')
    .replaceAll(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, '')
    .slice(0, 128)
}

const hopForm =
  /^(?:[A-Za-z0-9_][A-Za-z0-9_.@\\-]*\$?@)?(?:\[[0-9A-Fa-f:.]+(?:%[\w.-]+)?\]|[\p{L}\p{N}_][\p{L}\p{N}._@:%-]*)(?::\d{1,5})?$/u

/** The name of a machine, or `user@host:port`. It may become an argument of ssh, so it never begins with a dash. */
export const isJumpHop = (hop: string): boolean => hop.length <= 400 && hopForm.test(hop)

const comparable = (name: string): string => name.normalize('NFC').toLowerCase()
const wayOf = ({ host = '', user = '', port, jump }: MachineDraft): string =>
  JSON.stringify([host.toLowerCase(), user, port ?? '', jump ?? null])

/** What the schema lets pass and no inventory needs. */
function whyUnsafe(spec: MachineSpec): string | undefined {
  const hop = spec.jump?.find((each) => !isJumpHop(each))
  if (hop !== undefined) return `${JSON.stringify(hop)} is no jump host: these are user@host:port or the name of a machine`
  if (spec.nodeIp !== undefined && isIP(spec.nodeIp) === 0) return `${JSON.stringify(spec.nodeIp)} is no IP address`
  const label = [...spec.groups, ...spec.tags].find((each) => controlCharacters.test(each))
  return label === undefined ? undefined : 'a group or tag has control characters in it'
}

const fieldWords: Readonly<Record<string, string>> = {
  keyFiles: 'key',
  nodeIp: 'ip',
  agentPort: 'agent port',
  auth: 'way in (agent, key, password or keyboard-interactive)',
}

function plainIssue(issue: z.core.$ZodIssue | undefined, draft: MachineDraft): string {
  const field = String(issue?.path[0] ?? 'it')
  const value = Object.entries(draft).find(([each]) => each === field)?.[1]
  const word = fieldWords[field] ?? field
  if (value === undefined || value === '') return `there is no ${word}`
  const shown = withoutSecrets(typeof value === 'string' ? value : JSON.stringify(value)).slice(0, 80)
  const expected =
    issue?.code === 'invalid_format' ? issue.message : field.endsWith('ort') ? 'a number from 1 to 65535' : (issue?.message ?? 'wrong')
  return `${shown} is not what is expected as ${word}: ${expected}`
}
