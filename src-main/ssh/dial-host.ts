import { setTimeout as delay } from 'node:timers/promises'
import type { ClusterError } from '../../runtime/base/errors.ts'
import { backoffMs } from '../../runtime/base/random.ts'
import type { ConnectIo } from './connect-io.ts'
import { dialCancelled } from './dial-errors.ts'
import { Handshake, type HandshakeEnd } from './handshake.ts'
import type { SshTarget } from './host-connection.ts'
import { LogInMemory } from './log-in.ts'
import { openTcp } from './open-tcp.ts'
import { SshConnection } from './ssh-connection.ts'
import { defaultTimeouts, type SshTimeouts } from './timeouts.ts'

const maxBroken = 3
const maxRounds = 12
/** A host that is there takes a connection sooner. */
const slowMs = 1_000

/**
 * A connection to one host, straight or through one that stands already.
 *
 * A handshake that breaks off is tried again up to three times, as a server with many newcomers drops some; a server that had
 * enough tries to log in is come back to with what was not tried yet.
 */
export async function dialHost(target: SshTarget, io: ConnectIo, via?: SshConnection): Promise<SshConnection> {
  const timeouts = { ...defaultTimeouts, ...io.timeouts }
  const memory = new LogInMemory()
  let broken = 0
  for (let round = 0; ; round += 1) {
    const ended = await dialOnce({ target, io, via, timeouts, memory })
    if (ended.kind === 'connected') return new SshConnection(ended.client, { target, timeouts, stream: ended.stream })
    if (ended.kind === 'failed' || round >= maxRounds) throw ended.error
    if (ended.kind === 'broken') {
      if (broken >= maxBroken) throw ended.error
      const waitMs = backoffMs(broken, { baseMs: timeouts.retryBaseMs, maxMs: 8 * timeouts.retryBaseMs }, io.random ?? Math.random)
      broken += 1
      await rest(target, waitMs, io.signal)
    }
  }
}

type DialOnce = {
  readonly target: SshTarget
  readonly io: ConnectIo
  readonly via: SshConnection | undefined
  readonly timeouts: SshTimeouts
  readonly memory: LogInMemory
}

async function dialOnce({ target, io, via, timeouts, memory }: DialOnce): Promise<HandshakeEnd> {
  if (io.signal?.aborted) throw dialCancelled(target)
  const options = { limitMs: timeouts.connectMs, ...(io.signal ? { signal: io.signal } : {}) }
  const slow = setTimeout(() => io.onSlow?.(), slowMs)
  try {
    const stream = via ? await via.openHop(target, options) : await openTcp(target, options)
    clearTimeout(slow)
    return await new Handshake(stream, { target, io, timeouts, memory }).run()
  } finally {
    clearTimeout(slow)
  }
}

async function rest(target: SshTarget, waitMs: number, signal?: AbortSignal): Promise<void> {
  try {
    await delay(waitMs, undefined, signal ? { signal } : {})
  } catch {
    throw dialCancelled(target) satisfies ClusterError // a delay fails only when it is cut short
  }
}
