import type { Duplex } from 'node:stream'

/** Which head is spoken with, and how. */
export type ApiTarget = {
  /** Without a slash at its end. */
  readonly url: string
  /** Undefined: none is sent. */
  readonly token: string | undefined
  /**
   * Opens a connection to `url`, such as a channel of SSH; no port is opened on this computer. It rejects with a ClusterError that says
   * which hop failed, and that is what the call throws. For an `https` address it does what TLS does, too. @default TCP, straight to `url`
   */
  readonly connect?: () => Promise<Duplex>
}
