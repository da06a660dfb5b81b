import { isIP } from 'node:net'
import { type FlagValues, type Flags, UsageError } from '../../../runtime/cli/command.ts'
import { parseKnownPort, parseSome } from '../../../runtime/cli/values.ts'
import type { MachineSpec } from '../../contract/machines.ts'
import { listFrom, listOrNone, wordFrom } from '../words/lists.ts'

const authWays = ['agent', 'key', 'password', 'keyboard-interactive'] as const

/** What can be said of a machine beside its name and host. */
export const specFlags = {
  user: { value: 'NAME', help: 'to log in as. Default: as ~/.ssh/config says, else your own' },
  port: { value: 'N', help: 'of its SSH server. Default: as ~/.ssh/config says, else 22' },
  key: { value: 'FILE', help: 'private key on this computer; several with commas' },
  auth: { value: 'WAYS', help: `ways in that may be tried: ${authWays.join(', ')}. Default: all` },
  jump: { value: 'HOPS', help: `the way there, the nearest hop first: machines or user@host:port, with commas; '' for straight there` },
  group: { value: 'NAME', help: 'lab/gpu makes groups within groups; several with commas' },
  tag: { value: 'NAME', help: 'several with commas' },
  folder: { value: 'PATH', help: 'on the machine, for all we put there. Default: ~/.shoal' },
  ip: { value: 'ADDRESS', help: 'by which the other machines reach it. Default: the one that is found' },
  'agent-port': { value: 'N', help: `where its node listens for the others. Default: the cluster's` },
  note: { value: 'TEXT', help: 'for people' },
} as const satisfies Flags

export type SpecChanges = Partial<MachineSpec>

/** What the flags say, and nothing of what they leave out. @throws UsageError */
export function specChangesFrom(values: FlagValues): SpecChanges {
  const port = values.find('port')
  const agentPort = values.find('agent-port')
  const entries: [keyof MachineSpec, unknown][] = [
    ['user', parseSome('--user', values.find('user'))],
    ['port', port === undefined ? undefined : parseKnownPort('--port', port)],
    ['keyFiles', listFrom('--key', values.find('key'))],
    ['auth', listFrom('--auth', values.find('auth'))?.map((way) => wordFrom('--auth', way, authWays))],
    ['jump', listOrNone('--jump', values.find('jump'))],
    ['groups', listOrNone('--group', values.find('group'))],
    ['tags', listOrNone('--tag', values.find('tag'))],
    ['folder', parseSome('--folder', values.find('folder'))],
    ['nodeIp', ipFrom(values.find('ip'))],
    ['agentPort', agentPort === undefined ? undefined : parseKnownPort('--agent-port', agentPort)],
    ['notes', values.find('note')],
  ]
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as SpecChanges // each entry above has the type of its key
}

function ipFrom(text: string | undefined): string | undefined {
  if (text === undefined || isIP(text) !== 0) return text
  throw new UsageError(`--ip must be an IP address, got ${JSON.stringify(text)}`)
}
