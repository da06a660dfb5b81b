import { contextBridge, ipcRenderer } from 'electron'
import type { DesktopBridge, DesktopCommand } from '../contract/desktop-bridge.ts'
import { channels } from './channels.ts'

/** Handed over by the window that we were made for. */
const appVersion = process.argv.find((word) => word.startsWith('--shoal-version='))?.split('=')[1] ?? ''

const keptUntilHeard = 16

/** Listeners of the page for one channel; nothing of Electron's own reaches them. What comes before the first one is kept for it, where `isKept`. */
function listeners<Value>(
  channel: string,
  { onCount = () => {}, isKept = false }: { onCount?: (count: number) => void; isKept?: boolean } = {},
) {
  const all = new Set<(value: Value) => void>()
  let early: Value[] = []
  ipcRenderer.on(channel, (_event, value: Value) => {
    if (isKept && all.size === 0) early = [...early, value].slice(-keptUntilHeard)
    for (const listener of all) listener(value)
  })
  return (listener: (value: Value) => void) => {
    const own = (value: Value) => listener(value) // the same function may be given twice
    all.add(own)
    onCount(all.size)
    const kept = early
    early = []
    for (const value of kept) own(value)
    return () => {
      if (all.delete(own)) onCount(all.size)
    }
  }
}

let isWireOpen = false
const onMessage = listeners<string>(channels.wireMessage, {
  onCount(count) {
    if (count > 0 === isWireOpen) return
    isWireOpen = count > 0
    ipcRenderer.send(isWireOpen ? channels.wireOpen : channels.wireClose)
  },
})
ipcRenderer.on(channels.wireMessage, (_event, text: string) => ipcRenderer.send(channels.wireTaken, text.length))

const bridge: DesktopBridge = {
  wire: {
    send: (text) => ipcRenderer.send(channels.wireSend, text),
    onMessage,
    onState: listeners<'open' | 'lost'>(channels.wireState),
  },
  platform: process.platform as DesktopBridge['platform'], // Electron runs on no other
  versions: {
    app: appVersion,
    electron: process.versions.electron ?? '',
    chromium: process.versions['chrome'] ?? '',
    node: process.versions.node,
  },
  async ask(ask, input) {
    const answer = (await ipcRenderer.invoke(channels.ask, ask, input)) as { output: unknown } | { refused: string } // as ipc.ts answers
    if ('refused' in answer) throw new Error(answer.refused)
    return answer.output as never // of that very ask
  },
  onCommand: listeners<DesktopCommand>(channels.command, { isKept: true }),
}

contextBridge.exposeInMainWorld('shoalDesktop', bridge)
