import type { Random } from '../../runtime/base/random.ts'
import type { Questions } from './host-connection.ts'
import type { KnownHosts } from './known-hosts.ts'
import type { SshTimeouts } from './timeouts.ts'

/** What connecting needs from outside. */
export type ConnectIo = {
  readonly questions: Questions
  readonly knownHosts: KnownHosts
  readonly signal?: AbortSignal
  readonly timeouts?: Partial<SshTimeouts>
  readonly random?: Random
  /** The host does not take the connection: whoever stands in line need not wait for it. */
  readonly onSlow?: () => void
}
