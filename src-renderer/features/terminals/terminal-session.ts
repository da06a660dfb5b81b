import { panel } from '../../api/panel.ts'
import type { TerminalHandle } from '../../ui/terminal-view.tsx'
import type { TerminalPlace } from './open-terminals.ts'

type TerminalEvent =
  | { readonly type: 'data'; readonly data: string }
  | { readonly type: 'ended'; readonly code: number | null; readonly message: string | null }
export type SessionEnd = { readonly code: number | null; readonly message: string | null }
type Size = { readonly cols: number; readonly rows: number }

const bytesOf = (base64: string): Uint8Array => Uint8Array.from(atob(base64), (character) => character.codePointAt(0) ?? 0)

/** A shell of the host, joined with a terminal of the page. What is typed before it is open waits. */
export class TerminalSession {
  readonly #handle: TerminalHandle
  readonly #onEnd: (end: SessionEnd) => void
  readonly #typed: string[] = []
  #id: string | undefined
  #off: (() => void) | undefined
  #isDetached = false

  constructor(handle: TerminalHandle, onEnd: (end: SessionEnd) => void) {
    this.#handle = handle
    this.#onEnd = onEnd
  }

  /** A new shell; its id. @throws PanelError when there can be none */
  async open(place: TerminalPlace, size: Size): Promise<string> {
    const { terminalId } = await panel.call('terminals.open', { ...place, ...size })
    if (!this.#isDetached) this.#follow(terminalId)
    return terminalId
  }

  /** A shell that is there, with what it still knows of what it wrote. */
  attach(terminalId: string, size: Size): void {
    this.#follow(terminalId)
    this.resize(size)
  }

  #follow(terminalId: string): void {
    this.#id = terminalId
    const take = ({ events }: { readonly events: readonly TerminalEvent[] }) => {
      for (const event of events) {
        if (event.type === 'data') this.#handle.write(bytesOf(event.data))
        else this.#end(event)
      }
    }
    this.#off = panel.follow<TerminalEvent>(`terminal/${terminalId}`, take, { since: 0 })
    const waiting = this.#typed.splice(0).join('')
    if (waiting !== '') this.write(waiting)
  }

  write(data: string): void {
    if (this.#id === undefined) return void (this.#isDetached || this.#typed.push(data))
    panel
      .call('terminals.write', { terminalId: this.#id, data })
      .catch((error: unknown) => this.#end({ code: null, message: error instanceof Error ? error.message : String(error) }))
  }

  resize(size: Size): void {
    if (this.#id !== undefined) void panel.call('terminals.resize', { terminalId: this.#id, ...size }).catch(() => {}) // it has ended, which is told by itself
  }

  /** The shell lives on. */
  detach(): void {
    this.#isDetached = true
    this.#off?.()
    this.#id = undefined
  }

  #end(end: SessionEnd): void {
    if (this.#isDetached) return
    this.#isDetached = true
    this.#off?.()
    this.#id = undefined
    this.#onEnd(end)
  }
}
