import type { LinkRole } from '../protocol/hello.ts'

/** How a dead peer is noticed when no FIN or RST can arrive. */
export type KeepaliveOptions = {
  /** Between two pings. */
  intervalMs: number
  /** Pings in a row without a byte in return, after which the peer counts as dead. */
  missedLimit: number
}

/** On links between machines: a dead peer is noticed after 6 to 8 s. */
export const networkKeepalive: KeepaliveOptions = { intervalMs: 2_000, missedLimit: 3 }

/**
 * Roles whose one end is a process of the user's: the dialer of `owner`, the target of `tunnel`. While user code computes it answers no
 * ping, and that is no sign of death: over such links the kernels ask each other instead, and the head tells of dead nodes.
 */
const userEnds: Readonly<Partial<Record<LinkRole, 'dialer' | 'listener'>>> = { owner: 'dialer', tunnel: 'listener' }

/** The pings for a link on which this process is the `self` end; none towards a process of the user's. */
export function pingsFor(role: LinkRole, self: 'dialer' | 'listener', options: KeepaliveOptions): KeepaliveOptions | undefined {
  const userEnd = userEnds[role]
  return userEnd === undefined || userEnd === self ? options : undefined
}

/** Silence after which the kernel asks the other machine's; a connection without an answer breaks some 10 s later. */
export const kernelKeepaliveMs = 5_000

export type Keepalive = {
  /** Any byte from the peer is a sign of life. */
  heard(): void
  stop(): void
}

/** Pings at a steady pace and calls `onDead` once. Time in which this process itself did not run is not held against the peer. */
export function startKeepalive(options: KeepaliveOptions, ping: () => void, onDead: (silentMs: number) => void): Keepalive {
  let missed = 0
  let lastTickMs = performance.now()
  const timer = setInterval(() => {
    const nowMs = performance.now()
    const wasStalled = nowMs - lastTickMs > options.intervalMs * 2
    lastTickMs = nowMs
    if (wasStalled) missed = 0
    else missed += 1
    if (missed > options.missedLimit) {
      clearInterval(timer)
      onDead(missed * options.intervalMs)
      return
    }
    ping()
  }, options.intervalMs)
  timer.unref() // the socket keeps the process alive, not this
  return {
    heard() {
      missed = 0
    },
    stop: () => clearInterval(timer),
  }
}
