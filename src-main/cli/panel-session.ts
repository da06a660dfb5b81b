import type { GivenInput, Method, Output } from '../contract/panel.ts'

/** What a command has of the panel's host, whether that runs in this process or in another. */
export type PanelSession = {
  /** Of files of this computer that could not be read and were set aside. */
  readonly warnings: readonly string[]
  call<M extends Method>(method: M, input: GivenInput<M>, options?: { signal?: AbortSignal }): Promise<Output<M>>
  /** How things stand where the topic can tell, what is still known of it where it cannot, and then what comes. */
  subscribe(topic: string, onEvent: (event: unknown) => void): { close(): void }
  /** Of a host in this process: ends what it does. */
  close(): Promise<void>
}
