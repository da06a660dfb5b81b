import type { Machine, MachineChanges, MachineSpec, UnsetField } from '../../../src-main/contract/machines.ts'

export const ways = ['agent', 'key', 'password', 'keyboard-interactive'] as const
export type Way = (typeof ways)[number]

/** What somebody writes of a machine; lists with commas between. What is left empty is up to `~/.ssh/config` and the defaults. */
export type MachineForm = {
  readonly name: string
  readonly host: string
  readonly port: string
  readonly user: string
  readonly keyFiles: string
  readonly jump: string
  readonly groups: string
  readonly tags: string
  readonly notes: string
  readonly folder: string
  readonly nodeIp: string
  readonly agentPort: string
  /** All of them is as good as none: every way may be tried. */
  readonly auth: readonly Way[]
}
export type FormField = keyof MachineForm
/** Why a field cannot be as it is. */
type FieldProblem =
  | 'nameWrong'
  | 'nameTaken'
  | 'hostMissing'
  | 'hostWrong'
  | 'userWrong'
  | 'portWrong'
  | 'jumpWrong'
  | 'addressWrong'
  | 'listLong'
  | 'tooLong'
  | 'authMissing'
export type FormProblems = { readonly [field in FormField]?: FieldProblem }

export const emptyForm: MachineForm = {
  name: '',
  host: '',
  port: '',
  user: '',
  keyFiles: '',
  jump: '',
  groups: '',
  tags: '',
  notes: '',
  folder: '',
  nodeIp: '',
  agentPort: '',
  auth: ways,
}

/** Straight there, whatever `~/.ssh/config` says; so ssh writes it, too. */
const noJump = 'none'

export const formOf = (machine: MachineSpec): MachineForm => ({
  name: machine.name,
  host: machine.host,
  port: String(machine.port ?? ''),
  user: machine.user ?? '',
  keyFiles: (machine.keyFiles ?? []).join(', '),
  jump: machine.jump === undefined ? '' : machine.jump.length === 0 ? noJump : machine.jump.join(', '),
  groups: machine.groups.join(', '),
  tags: machine.tags.join(', '),
  notes: machine.notes,
  folder: machine.folder ?? '',
  nodeIp: machine.nodeIp ?? '',
  agentPort: String(machine.agentPort ?? ''),
  auth: machine.auth ?? ways,
})

/** Parts between commas, each once. */
export const listIn = (text: string): string[] => [
  ...new Set(
    text
      .split(/[,\n]/)
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  ),
]

const nameForm = /^[\p{L}\p{N}](?:[\p{L}\p{N}._@:-]*[\p{L}\p{N}])?$/u
const hostForm = /^[A-Za-z0-9_[:](?:[A-Za-z0-9_.:%\]-]*[A-Za-z0-9_\]])?$/
const userForm = /^[A-Za-z0-9_][A-Za-z0-9_.@\\-]*\$?$/
const hopForm =
  /^(?:[A-Za-z0-9_][A-Za-z0-9_.@\\-]*\$?@)?(?:\[[0-9A-Fa-f:.]+(?:%[\w.-]+)?\]|[\p{L}\p{N}_][\p{L}\p{N}._@:%-]*)(?::\d{1,5})?$/u
const addressForm = /^(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)$/

const isPort = (text: string): boolean => /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535
const isLong = (text: string, most: { readonly parts: number; readonly length: number }): boolean =>
  listIn(text).length > most.parts || listIn(text).some((part) => part.length > most.length)

/** The name, or, where nobody gave one, what of the host may be one. */
export const nameOf = ({ name, host }: Pick<MachineForm, 'name' | 'host'>): string =>
  name.trim() ||
  host
    .replaceAll(/[^\p{L}\p{N}._@:-]+/gu, '-')
    .replaceAll(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, '')
    .slice(0, 128)

/** What is wrong with a form. `others`: names that are taken, in small letters. */
export function problemsOf(form: MachineForm, { others, isLocal }: { others: ReadonlySet<string>; isLocal: boolean }): FormProblems {
  const name = nameOf(form)
  const host = form.host.trim()
  const found: { [field in FormField]?: FieldProblem | false } = {
    name: name !== '' && (!nameForm.test(name) || name.length > 128 ? 'nameWrong' : others.has(name.toLowerCase()) && 'nameTaken'),
    groups: isLong(form.groups, { parts: 32, length: 256 }) && 'listLong',
    tags: isLong(form.tags, { parts: 64, length: 64 }) && 'listLong',
    notes: form.notes.length > 10_000 && 'tooLong',
    folder: form.folder.length > 1_024 && 'tooLong',
    nodeIp: form.nodeIp.trim() !== '' && !addressForm.test(form.nodeIp.trim()) && 'addressWrong',
    agentPort: form.agentPort.trim() !== '' && !isPort(form.agentPort.trim()) && 'portWrong',
    ...(!isLocal && {
      host: host === '' ? 'hostMissing' : (!hostForm.test(host) || host.length > 253) && 'hostWrong',
      port: form.port.trim() !== '' && !isPort(form.port.trim()) && 'portWrong',
      user: form.user.trim() !== '' && (!userForm.test(form.user.trim()) || form.user.trim().length > 64) && 'userWrong',
      keyFiles: isLong(form.keyFiles, { parts: 16, length: 1_024 }) && 'listLong',
      jump:
        form.jump.trim() !== noJump &&
        (listIn(form.jump).length > 8 || !listIn(form.jump).every((hop) => hopForm.test(hop))) &&
        'jumpWrong',
      auth: form.auth.length === 0 && 'authMissing',
    }),
  }
  return Object.fromEntries(Object.entries(found).filter(([, problem]) => problem)) as FormProblems // what is false was taken out
}

/** As the panel takes it; what nobody said is left out. */
export function specOf(form: MachineForm): MachineSpec {
  const text = (field: 'user' | 'folder' | 'nodeIp') => (form[field].trim() === '' ? {} : { [field]: form[field].trim() })
  const port = (field: 'port' | 'agentPort') => (form[field].trim() === '' ? {} : { [field]: Number(form[field]) })
  return {
    name: nameOf(form),
    host: form.host.trim(),
    via: 'ssh',
    ...port('port'),
    ...text('user'),
    ...(form.keyFiles.trim() !== '' && { keyFiles: listIn(form.keyFiles) }),
    ...(form.auth.length < ways.length && { auth: ways.filter((way) => form.auth.includes(way)) }),
    ...(form.jump.trim() !== '' && { jump: form.jump.trim() === noJump ? [] : listIn(form.jump) }),
    groups: listIn(form.groups),
    tags: listIn(form.tags),
    notes: form.notes,
    ...text('folder'),
    ...text('nodeIp'),
    ...port('agentPort'),
  }
}

const optional: readonly UnsetField[] = ['port', 'user', 'keyFiles', 'auth', 'jump', 'folder', 'nodeIp', 'agentPort']

/** What the form makes of a machine: only the fields in which somebody wrote. */
export function changesOf(machine: Machine, form: MachineForm): { readonly changes: MachineChanges; readonly unset: UnsetField[] } {
  const before = formOf(machine)
  const isChanged = (field: string) => !isSame(before[field as FormField], form[field as FormField]) // fields of a form are fields of a machine
  const spec = specOf(form)
  const changes = Object.fromEntries(Object.entries(spec).filter(([field]) => field !== 'via' && isChanged(field)))
  return { changes, unset: optional.filter((field) => isChanged(field) && spec[field] === undefined) }
}

const isSame = (one: string | readonly string[], other: string | readonly string[]): boolean => String(one) === String(other)

/** `ada@10.0.0.5:2222`, written where the host belongs, taken apart; the form as it is where there is nothing to take apart. */
export function withHostSplit(form: MachineForm): MachineForm {
  const [, user, host, port] = /^(?:ssh\s+|ssh:\/\/)?(?:([^@\s]+)@)?([^@\s:]+|\[[^\]\s]+\])(?::(\d{1,5}))?\/?$/.exec(form.host.trim()) ?? []
  if (host === undefined || (user === undefined && port === undefined)) return form
  return { ...form, host, ...(user !== undefined && { user }), ...(port !== undefined && { port }) }
}
