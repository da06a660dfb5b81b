import type { ClientChannel } from 'ssh2'

/**
 * Tells a command to end. OpenSSH passes that on but for root's sessions, whose commands go on until they read or write.
 *
 * ssh2 does so only while its own side is open to write, and ours is closed as soon as the input is through; the protocol has no
 * such condition, so the message is written past that check, in the form of the pinned version.
 */
export function signalChannel(channel: ClientChannel, name: 'TERM'): void {
  // None of this is in ssh2's types; each step is looked at before it is taken.
  const { _client, outgoing } = channel as unknown as {
    _client?: { _protocol?: { signal?: unknown } }
    outgoing?: { id?: unknown; state?: unknown }
  }
  const protocol = _client?._protocol
  if (outgoing?.state !== 'open' && outgoing?.state !== 'eof') return
  if (typeof protocol?.signal === 'function') protocol.signal(outgoing.id, name)
}
