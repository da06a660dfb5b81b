/** How long each phase may take, in milliseconds. The time a person takes to answer a question is not counted. */
export type SshTimeouts = {
  /** Until the TCP connection stands. */
  readonly connectMs: number
  /** Until both sides have agreed on keys. */
  readonly handshakeMs: number
  /** Until the way in is found. */
  readonly authMs: number
  /** A sign of life is asked for this often. */
  readonly keepaliveIntervalMs: number
  /** So many of them without an answer, and the link counts as broken. */
  readonly keepaliveMisses: number
  /** An upload that gets no byte further for this long has failed. */
  readonly stallMs: number
  /** Waiting before a handshake that broke is tried again; doubled each time. */
  readonly retryBaseMs: number
}

export const defaultTimeouts: SshTimeouts = {
  connectMs: 8_000, // the fourth try of TCP comes after 7 s
  handshakeMs: 20_000,
  authMs: 30_000,
  keepaliveIntervalMs: 5_000,
  keepaliveMisses: 3,
  stallMs: 60_000,
  retryBaseMs: 500,
}
