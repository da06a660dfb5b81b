import { ipcMain, type IpcMainEvent, type IpcMainInvokeEvent } from 'electron'
import * as z from 'zod'
import { ClusterError, toError } from '../../runtime/base/errors.ts'
import type { Logger } from '../../runtime/base/logger.ts'
import { type AskOutput, type DesktopAsk, desktopAsks } from '../contract/desktop-bridge.ts'
import { maxMessageBytes } from '../contract/socket-protocol.ts'
import { channels } from './channels.ts'
import { isOurPage } from './page-scheme.ts'
import type { ShellWindow, Windows } from './windows.ts'

/** One function for each thing that a page may ask. A missing one is a type error. */
export type AskHandlers = {
  readonly [Ask in DesktopAsk]: (
    input: z.output<(typeof desktopAsks)[Ask]>,
    window: ShellWindow,
  ) => AskOutput[Ask] | Promise<AskOutput[Ask]>
}

const AskName = z.enum(Object.keys(desktopAsks) as [DesktopAsk]) // the keys of that table
const WireText = z.string().max(maxMessageBytes)
const Taken = z.int().min(0).max(1e9)

/** Answers the pages of our windows, and nobody else. */
export function serveIpc({ windows, handlers, logger }: { windows: Windows; handlers: AskHandlers; logger: Logger }): void {
  const senderOf = (event: IpcMainEvent | IpcMainInvokeEvent): ShellWindow | undefined => {
    const frame = event.senderFrame
    const isOurs = frame !== null && frame.parent === null && isOurPage(frame.url)
    const window = isOurs ? windows.of(event.sender) : undefined
    if (window === undefined) logger.warn('desktop.stranger-refused', { url: frame?.url.slice(0, 200) })
    return window
  }
  const on = <Value>(channel: string, schema: z.ZodType<Value>, take: (window: ShellWindow, value: Value) => void) =>
    ipcMain.on(channel, (event, given: unknown) => {
      const window = senderOf(event)
      const value = schema.safeParse(given)
      if (window !== undefined && value.success) take(window, value.data)
    })
  on(channels.wireOpen, z.undefined(), ({ relay }) => relay.open())
  on(channels.wireClose, z.undefined(), ({ relay }) => relay.close())
  on(channels.wireSend, WireText, ({ relay }, text) => relay.send(text))
  on(channels.wireTaken, Taken, ({ relay }, length) => relay.taken(length))
  ipcMain.handle(channels.ask, async (event, name: unknown, input: unknown): Promise<{ output: unknown } | { refused: string }> => {
    const window = senderOf(event)
    if (window === undefined) return { refused: 'this page may not ask the desktop for anything' }
    const ask = AskName.safeParse(name)
    if (!ask.success) return { refused: `the desktop knows no ask ${JSON.stringify(String(name).slice(0, 100))}` }
    const parsed = desktopAsks[ask.data].safeParse(input)
    if (!parsed.success) return { refused: `${ask.data}: ${z.prettifyError(parsed.error).slice(0, 500)}` }
    try {
      const handler = handlers[ask.data] as (input: unknown, window: ShellWindow) => unknown // made for what that very schema gives
      return { output: await handler(parsed.data, window) }
    } catch (error) {
      const { message } = toError(error)
      if (!(error instanceof ClusterError)) logger.error('desktop.ask-failed', { ask: ask.data, reason: message })
      return { refused: message }
    }
  })
}
