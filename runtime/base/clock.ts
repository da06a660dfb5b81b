/** Time, handed in. Cores never call it: time reaches them as `nowMs` on events. */
export type Clock = {
  /** Wall time in milliseconds since 1970. Use for what people read. */
  nowMs(): number
  /** Milliseconds that never run backwards. Use for waiting and measuring. */
  monotonicMs(): number
}

export const systemClock: Clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() }
