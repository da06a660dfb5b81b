import type { MachineFacts } from '../contract/machines.ts'
import type { Facts } from './probe-frame.ts'

/**
 * From the kernel's tables of sockets; the process is known where it is the user's own, else the account that it runs under. Listeners of
 * a reachability test are left out: they are gone in a moment.
 */
export function parseListening(facts: Facts): MachineFacts['listening'] {
  const processes = new Map<string, string>()
  const pids = new Map<string, string>()
  for (const line of facts.all('listener')) {
    const [inode = '', pid = '', ...name] = line.split(' ')
    processes.set(inode, `${name.join(' ')} (process ${pid})`)
    pids.set(inode, pid)
  }
  const sessions = new Map(facts.all('session').map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]))
  const accounts = new Map(facts.all('account').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]))
  const passing = new Set(facts.all('passing'))
  const found = facts.all('tcp').flatMap((line) => {
    const fields = line.trim().split(/\s+/)
    const [, hexAddress = '', hexPort = ''] = /^([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})$/.exec(fields[1] ?? '') ?? []
    if (hexPort === '') return []
    const [uid = '', inode = ''] = [fields[7], fields[9]]
    if (passing.has(inode)) return []
    const process = processes.get(inode) ?? `a process of ${accounts.get(uid) ?? `user ${uid}`}`
    const session = sessions.get(pids.get(inode) ?? '')
    return [{ port: Number.parseInt(hexPort, 16), address: addressOfHex(hexAddress), process, ...(session ? { session } : {}) }]
  })
  return found.toSorted((a, b) => a.port - b.port).slice(0, 4_096)
}

/** The kernel prints each 32 bits of an address as a number, which on our processors is the bytes from behind. */
export function addressOfHex(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) =>
    (word.match(/../g) ?? []).toReversed().map((byte) => Number.parseInt(byte, 16)),
  )
  if (bytes.length === 4) return bytes.join('.')
  if (bytes.every((byte) => byte === 0)) return '::'
  const groups = Array.from({ length: 8 }, (_, index) => ((bytes[2 * index] ?? 0) * 256 + (bytes[2 * index + 1] ?? 0)).toString(16))
  if (bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255) return `::ffff:${bytes.slice(12).join('.')}`
  return groups.join(':').replace(/(?:^|:)0(?::0)+(?::|$)/, '::')
}

/** Without loopback and link-local ones. The one at which ssh came in stands first: this computer at least reaches it. */
export function parseAddresses(facts: Facts): MachineFacts['addresses'] {
  const found = [...facts.all('ip').flatMap(parseIpLine), ...parseIfconfig(facts.all('ifconfig'))]
  const own = (facts.first('ssh') ?? '').split(' ')[2]
  const usable = found.filter(({ address }) => !/^(127\.|169\.254\.|::1$|fe80:)/i.test(address))
  return usable.toSorted((a, b) => Number(b.address === own) - Number(a.address === own)).slice(0, 256)
}

/** `2: eth0    inet 10.0.0.5/24 brd … scope global eth0` */
function parseIpLine(line: string): MachineFacts['addresses'] {
  const [, device, address] = /^\d+:\s+(\S+)\s+inet6?\s+([0-9a-fA-F.:]+)/.exec(line) ?? []
  return device === undefined || address === undefined ? [] : [{ device, address }]
}

/** Of `ifconfig` in its two forms, or of `hostname -I`, which names no devices. */
function parseIfconfig(lines: readonly string[]): MachineFacts['addresses'] {
  const found: MachineFacts['addresses'] = []
  let device = ''
  for (const line of lines) {
    if (/^[0-9a-fA-F.: ]+$/.test(line) && !line.startsWith(' ')) {
      found.push(
        ...line
          .trim()
          .split(/\s+/)
          .map((address) => ({ address, device: '' })),
      )
      continue
    }
    device = /^([^\s:]+)/.exec(line)?.[1] ?? device
    const address = /inet6?(?: addr)?:? ?([0-9a-fA-F.:]+)/.exec(line)?.[1]
    if (address !== undefined) found.push({ address, device })
  }
  return found
}
