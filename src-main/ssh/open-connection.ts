import type { ConnectIo } from './connect-io.ts'
import { dialHost } from './dial-host.ts'
import type { HostConnection, SshTarget } from './host-connection.ts'
import type { SshConnection } from './ssh-connection.ts'

/**
 * Connects to a host, hop by hop where there are jump hosts. The hops close with the last.
 *
 * @throws ClusterError `ssh.unreachable`, `ssh.auth-failed`, `ssh.host-key-unknown`, `ssh.host-key-changed`, `ssh.incompatible`,
 *   `link.closed` when `io.signal` fires
 */
export async function openConnection(target: SshTarget, io: ConnectIo): Promise<HostConnection> {
  const hops: SshConnection[] = []
  const closeHops = () => {
    for (const hop of hops.toReversed()) hop.close()
  }
  try {
    for (const hop of target.jump) hops.push(await dialHost(hop, io, hops.at(-1)))
    const connection = await dialHost(target, io, hops.at(-1))
    void connection.closed.then(closeHops)
    return connection
  } catch (error) {
    closeHops()
    throw error
  }
}
