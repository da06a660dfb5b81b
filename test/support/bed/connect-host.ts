import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { HostConnection, Questions, SshTarget } from '#src-main/ssh/host-connection.ts'
import { KnownHosts } from '#src-main/ssh/known-hosts.ts'
import { openConnection } from '#src-main/ssh/open-connection.ts'
import type { Bed } from './bed.ts'
import type { BedHost } from './bed-host.ts'

const nobody: Questions = {
  acceptHostKey: async () => false,
  password: async () => undefined,
  passphrase: async () => undefined,
  keyboardInteractive: async () => undefined,
}

/** Our own connection to a host of a bed, with the bed's key and its host keys known. Close it before the bed. */
export function connectHost(bed: Bed, host: BedHost): Promise<HostConnection> {
  const ownFile = join(bed.folder, `known-${host.name}`)
  writeFileSync(ownFile, bed.knownHosts)
  const target = (to: BedHost): SshTarget => ({
    name: to.name,
    host: to.address,
    port: to.port,
    user: to.user,
    keyFiles: [bed.keyFile],
    agentSocket: undefined,
    ways: new Set(['key']),
    jump: to.quirks.behindJump === true && bed.jump ? [target(bed.jump)] : [],
  })
  return openConnection(target(host), { questions: nobody, knownHosts: new KnownHosts({ ownFile, otherFiles: [] }) })
}
