import { ClusterError, toError } from '../../runtime/base/errors.ts'
import type { HostConnection, ShellSession } from '../ssh/host-connection.ts'
import { quoteForSh, quoteForShell } from '../ssh/shell-quote.ts'
import type { PanelHub } from './panel-hub.ts'
import type { TerminalPlace } from './terminal-places.ts'

type Terminal = {
  readonly terminalId: string
  readonly machineId: string
  readonly openedAtMs: number
  readonly shell: ShellSession
  readonly about: TerminalPlace['about']
}

export type TerminalsIo = {
  readonly connect: (machineId: string, signal?: AbortSignal) => Promise<HostConnection>
  readonly hub: PanelHub
  readonly nowMs: () => number
  readonly randomHex: (digits: number) => string
}

type TerminalOptions = { readonly cols: number; readonly rows: number; readonly signal?: AbortSignal }

const terminalsAtMost = 64
/** Of one event; a program that prints a lot makes many. */
const pieceBytes = 64 * 1024

/** Shells on machines. What they write goes to `terminal/<id>` at once; one whose readers do not keep up is held back at its source. */
export class Terminals {
  readonly #io: TerminalsIo
  readonly #open = new Map<string, Terminal>()

  constructor(io: TerminalsIo) {
    this.#io = io
    io.hub.provide('terminal/:id', {
      onPressure: (topic, isHigh) => {
        const output = this.#open.get(topic.slice('terminal/'.length))?.shell.output
        if (isHigh) output?.pause()
        else output?.resume()
      },
    })
  }

  list() {
    return [...this.#open.values()].map(({ terminalId, machineId, openedAtMs, about }) => ({ terminalId, machineId, openedAtMs, ...about }))
  }

  async open(place: TerminalPlace, { cols, rows, signal }: TerminalOptions): Promise<string> {
    if (this.#open.size >= terminalsAtMost) {
      await place.shell?.discard()
      throw new ClusterError('limit.reached', `${terminalsAtMost} terminals are open, and that is as many as there may be; close one first`)
    }
    const { machineId, greeting, about } = place
    const shell = await this.#shellAt(place, { cols, rows, ...(signal ? { signal } : {}) })
    const terminalId = `t-${this.#io.randomHex(16)}`
    this.#open.set(terminalId, { terminalId, machineId, openedAtMs: this.#io.nowMs(), shell, about })
    if (greeting !== undefined) this.#tellData(terminalId, Buffer.from(`${plain(greeting)}\r\n`))
    shell.output.on('data', (piece: Buffer) => this.#tellData(terminalId, piece))
    shell.ended.then(
      ({ code }) => this.#ended(terminalId, { code, message: null }),
      (error: unknown) => this.#ended(terminalId, { code: null, message: toError(error).message }),
    )
    return terminalId
  }

  async #shellAt({ machineId, shell, folder }: TerminalPlace, { cols, rows, signal }: TerminalOptions): Promise<ShellSession> {
    const command = shell?.command ?? (folder === undefined ? undefined : shellIn(folder))
    try {
      const connection = await this.#io.connect(machineId, signal)
      return await connection.openShell({ cols, rows, ...(command === undefined ? {} : { command }) })
    } catch (error) {
      await shell?.discard()
      throw error
    }
  }

  #tellData(terminalId: string, piece: Buffer): void {
    for (let at = 0; at < piece.length; at += pieceBytes) {
      this.#io.hub.publish(`terminal/${terminalId}`, { type: 'data', data: piece.subarray(at, at + pieceBytes).toString('base64') })
    }
  }

  write(terminalId: string, data: string): void {
    this.#get(terminalId).shell.write(data)
  }

  resize(terminalId: string, size: { cols: number; rows: number }): void {
    this.#get(terminalId).shell.resize(size.cols, size.rows)
  }

  /** Does nothing when it has ended already. */
  close(terminalId: string): void {
    this.#open.get(terminalId)?.shell.close()
  }

  closeAll(): void {
    for (const { shell } of this.#open.values()) shell.close()
  }

  #ended(terminalId: string, how: { code: number | null; message: string | null }): void {
    this.#open.delete(terminalId)
    this.#io.hub.publish(`terminal/${terminalId}`, { type: 'ended', ...how })
  }

  #get(terminalId: string): Terminal {
    const terminal = this.#open.get(terminalId)
    if (terminal) return terminal
    throw new ClusterError('not-found', `terminal ${terminalId} has ended; open another one`)
  }
}

/** The user's own shell, begun in that folder; in the home folder when it is gone. For any shell that is given it. */
const shellIn = (folder: string): string =>
  `/bin/sh -c ${quoteForShell(`cd ${quoteForSh(folder)} 2>/dev/null; exec "\${SHELL:-/bin/sh}" -l`)}`

/** Names of machines and folders are others' words: nothing of them moves the cursor. */
const plain = (text: string): string => text.replaceAll(/\p{Cc}/gu, '?')
