import type { PanelMessage } from '../../src-main/contract/socket-messages.ts'
import type { DesktopBridge } from '../../src-main/contract/desktop-bridge.ts'
import type { OpenWire } from './wire.ts'

declare global {
  interface Window {
    /** There in the desktop's window only. */
    readonly shoalDesktop?: DesktopBridge
  }
}

/** The same messages over the desktop's bridge, whose main process holds the connection. */
export function desktopWire({ wire }: DesktopBridge): OpenWire {
  return (events) => {
    const offs = [
      wire.onMessage((text) => events.onMessage(JSON.parse(text) as PanelMessage)), // of our own host
      wire.onState((state) => {
        if (state === 'lost') events.onLost()
      }),
    ]
    return {
      send: (message) => wire.send(JSON.stringify(message)),
      close() {
        for (const off of offs) off()
      },
    }
  }
}
