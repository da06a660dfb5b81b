import type { ClientMessage, PanelMessage } from '../../src-main/contract/socket-messages.ts'

export type WireEvents = {
  /** Something of the panel; `hello` comes first after each opening. */
  readonly onMessage: (message: PanelMessage) => void
  /** The connection is lost. The wire tries again by itself, unless it was refused. */
  readonly onLost: () => void
  /** It will not come back by itself. */
  readonly onRefused: (reason: WireRefusal) => void
}
export type WireRefusal = 'signed-out' | 'other-version'

/** Carries messages to the panel's host and back: over a WebSocket in a browser, over the desktop's bridge in its window. */
export type Wire = {
  send(message: ClientMessage): void
  close(): void
}
export type OpenWire = (events: WireEvents) => Wire
