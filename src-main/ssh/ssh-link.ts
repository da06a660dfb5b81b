import type ssh2 from 'ssh2'
import type { ClientChannel } from 'ssh2'
import type { ClusterError } from '../../runtime/base/errors.ts'
import type { SshTarget } from './host-connection.ts'
import type { SshTimeouts } from './timeouts.ts'

/** As ssh2 calls back: there is no channel where there is an error. */
export type ChannelDone = (error: Error | undefined, channel: ClientChannel | undefined) => void
export type Opener = (client: InstanceType<typeof ssh2.Client>, done: ChannelDone) => void

export type Exit = { readonly code: number | null; readonly signal: string | null }

export type Session = {
  readonly channel: ClientChannel
  /** How it ended, once that is known. The news may come in the same packet as the channel, before anybody else can listen. */
  readonly exit: () => Exit | undefined
  /** Lets the next one in. */
  readonly release: () => void
}

/** What the channels of a connection see of it. */
export type SshLink = {
  readonly target: SshTarget
  readonly timeouts: SshTimeouts
  /** A session channel, of which only so many are open at a time. */
  openSession(open: Opener, signal?: AbortSignal): Promise<Session>
  /** Called once when the link is down, at once if it is already. The result takes the listener back. */
  onDown(listener: (error: ClusterError) => void): () => void
}
