import { formatHostToken, parseHostToken } from './host-token.ts'
import type { MachineDraft } from './inventory-draft.ts'

/** What a whole `ssh …` command line says of a machine, and what it says besides. */
export type SshCommand = { readonly draft: MachineDraft; readonly notTakenOver: string[] }

const withValue = new Set('BbcDEeFIiJLlmOoPpQRSWw')
/** Of one session, not of a machine: nothing is lost with them. */
const silentFlags = new Set('1246AaCfGgKkMNnqsTtVvXxYy')

type Reading = { draft: { -readonly [field in keyof MachineDraft]: MachineDraft[field] }; notTakenOver: string[]; keyFiles: string[] }

/** Takes words after `ssh`. A text says why it is no such command. */
export function parseSshCommand(words: readonly string[]): SshCommand | string {
  const reading: Reading = { draft: {}, notTakenOver: [], keyFiles: [] }
  const host = readOptions(words, reading)
  if (host === undefined) return 'there is no host in the ssh command'
  const token = parseHostToken(host)
  if (typeof token === 'string') return token
  if (token.hadPassword) reading.notTakenOver.push('the password in the address')
  const { draft, keyFiles, notTakenOver } = reading
  draft.host ??= token.host
  if (draft.host !== token.host) draft.name ??= token.host // as with -o HostName=…: what was typed is the name
  draft.user ??= token.user
  draft.port ??= token.port
  if (keyFiles.length > 0) draft.keyFiles = keyFiles
  return { draft, notTakenOver }
}

/** Returns the host; options may also come after it, and what follows is a command to run there. */
function readOptions(words: readonly string[], reading: Reading): string | undefined {
  let host: string | undefined
  let at = 0
  while (at < words.length) {
    const word = words[at] ?? ''
    at += 1
    if (word === '--') continue
    if (!word.startsWith('-') || word === '-') {
      if (host !== undefined) {
        reading.notTakenOver.push('the command to run there')
        break
      }
      host = word
      continue
    }
    for (let letterAt = 1; letterAt < word.length; letterAt += 1) {
      const letter = word.charAt(letterAt)
      if (withValue.has(letter)) {
        const rest = word.slice(letterAt + 1)
        takeOption(letter, rest === '' ? (words[at++] ?? '') : rest, reading)
        break
      }
      if (!silentFlags.has(letter)) reading.notTakenOver.push(`-${letter}`)
    }
  }
  return host
}

function takeOption(letter: string, value: string, { draft, keyFiles, notTakenOver }: Reading): void {
  switch (letter) {
    case 'p':
      draft.port = Number(value)
      return
    case 'l':
      draft.user = value
      return
    case 'i':
      keyFiles.push(value)
      return
    case 'J':
      draft.jump = jumpOf(value)
      return
    case 'o':
      takeNamedOption(value, { draft, keyFiles, notTakenOver })
      return
    default:
      notTakenOver.push(`-${letter}`)
  }
}

/** How a session looks, or answers that Shoal gives in its own way. */
const silentNames = new Set([
  'serveraliveinterval',
  'serveralivecountmax',
  'connecttimeout',
  'loglevel',
  'compression',
  'tcpkeepalive',
  'batchmode',
  'requesttty',
])

/** `-o` takes `Name=value` and `Name value`. */
export function takeNamedOption(text: string, { draft, keyFiles, notTakenOver }: Reading): void {
  const [, name = '', value = ''] = /^\s*(\w+)(?:\s*=\s*|\s+)(.*?)\s*$/.exec(text) ?? []
  const plain = value.replace(/^"(.*)"$/, '$1')
  switch (name.toLowerCase()) {
    case 'port':
      draft.port = Number(plain)
      return
    case 'user':
      draft.user = plain
      return
    case 'hostname':
      draft.host = plain
      return
    case 'identityfile':
      keyFiles.push(plain)
      return
    case 'proxyjump':
      draft.jump = jumpOf(plain)
      return
    case 'proxycommand': {
      const jump = jumpOfProxyCommand(plain)
      if (jump) draft.jump = jump
      else notTakenOver.push('ProxyCommand (only `ssh -W %h:%p host` is understood; name a jump host instead)')
      return
    }
    default:
      if (!silentNames.has(name.toLowerCase())) notTakenOver.push(`the option ${name || text.slice(0, 40)}`)
  }
}

/** As `-J` and ProxyJump have it: commas between hops, `none` for straight there. */
export const jumpOf = (value: string): string[] =>
  value.toLowerCase() === 'none'
    ? []
    : value
        .split(',')
        .map((hop) => hop.trim().replace(/^ssh:\/\//, ''))
        .filter((hop) => hop !== '')

/** The hop behind the one ProxyCommand that everybody writes, `ssh -W %h:%p bastion`; undefined for any other. */
export function jumpOfProxyCommand(command: string): string[] | undefined {
  const words = command.trim().split(/\s+/)
  if (!/^(?:\/usr\/bin\/)?ssh$/.test(words[0] ?? '') || !/\s-(?:[a-zA-Z]*)W\s*\[?%h\]?:%p(?:\s|$)/.test(command)) return undefined
  const parsed = parseSshCommand(words.slice(1).filter((word) => !/^\[?%h\]?:%p$/.test(word) && word !== '-W'))
  if (typeof parsed === 'string') return undefined
  const { draft, notTakenOver } = parsed
  const { host, user, port, keyFiles, jump } = draft
  if (host === undefined || keyFiles !== undefined || jump !== undefined || notTakenOver.length > 0) return undefined
  return [formatHostToken({ host, user, port })]
}
