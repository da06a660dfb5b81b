import { ClusterError, toError } from '../../runtime/base/errors.ts'
import type { HostConnection, ShellSession } from '../ssh/host-connection.ts'
import type { PanelHub } from './panel-hub.ts'

type Terminal = {
  readonly terminalId: string
  readonly machineId: string
  readonly openedAtMs: number
  readonly shell: ShellSession
}

export type TerminalsIo = {
  readonly connect: (machineId: string, signal?: AbortSignal) => Promise<HostConnection>
  readonly hub: PanelHub
  readonly nowMs: () => number
  readonly randomHex: (digits: number) => string
}

type TerminalOptions = { readonly cols: number; readonly rows: number; readonly folder?: string | undefined; readonly signal?: AbortSignal }

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

  list(): Omit<Terminal, 'shell'>[] {
    return [...this.#open.values()].map(({ terminalId, machineId, openedAtMs }) => ({ terminalId, machineId, openedAtMs }))
  }

  async open(machineId: string, { cols, rows, folder, signal }: TerminalOptions): Promise<string> {
    if (this.#open.size >= terminalsAtMost) {
      throw new ClusterError('limit.reached', `${terminalsAtMost} terminals are open, and that is as many as there may be; close one first`)
    }
    const connection = await this.#io.connect(machineId, signal)
    const shell = await connection.openShell({ cols, rows, ...(folder === undefined ? {} : { command: shellIn(folder) }) })
    const terminalId = `t-${this.#io.randomHex(16)}`
    this.#open.set(terminalId, { terminalId, machineId, openedAtMs: this.#io.nowMs(), shell })
    const topic = `terminal/${terminalId}` as const
    shell.output.on('data', (piece: Buffer) => {
      for (let at = 0; at < piece.length; at += pieceBytes) {
        this.#io.hub.publish(topic, { type: 'data', data: piece.subarray(at, at + pieceBytes).toString('base64') })
      }
    })
    shell.ended.then(
      ({ code }) => this.#ended(terminalId, { code, message: null }),
      (error: unknown) => this.#ended(terminalId, { code: null, message: toError(error).message }),
    )
    return terminalId
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

/** The user's own shell, begun in that folder; in the home folder when it is gone. */
const shellIn = (folder: string): string => `cd '${folder.replaceAll("'", `'\\''`)}' 2>/dev/null; exec "\${SHELL:-/bin/sh}" -l`
