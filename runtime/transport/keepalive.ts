/** How a dead peer is noticed when no FIN or RST can arrive. */
export type KeepaliveOptions = {
  /** Between two pings. */
  intervalMs: number
  /** Pings in a row without a byte in return, after which the peer counts as dead. */
  missedLimit: number
}

/** On links between machines: a dead peer is noticed after 6 to 8 s. */
export const networkKeepalive: KeepaliveOptions = { intervalMs: 2_000, missedLimit: 3 }

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
