import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { endProcess, type ProcessRecord, processRecord } from '#runtime/session/process-record.ts'
import { listDescendants, MemoryWatch } from './process-tree.ts'
import type { Memory } from './report.ts'
import type { Answer, Ready, Request } from './settings.ts'

export type SideCommand = {
  readonly name: string
  readonly program: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

const startWithinMs = 120_000
const leaveWithinMs = 20_000
const lastErrors = 2_000

/** A program that measures rows, one after the other, over lines of JSON. It and all it started are gone after `stop`. */
export class Side {
  readonly ready: Ready
  readonly #child: ChildProcess
  readonly #lines: Lines
  readonly #name: string

  private constructor(name: string, parts: { child: ChildProcess; lines: Lines; ready: Ready }) {
    this.#name = name
    this.#child = parts.child
    this.#lines = parts.lines
    this.ready = parts.ready
  }

  /** @throws when it says anything else than that it is ready, or ends. */
  static async start({ name, program, args, env }: SideCommand): Promise<Side> {
    // A session of its own: Ctrl-C must reach us alone, so that it leaves in order.
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true, env: { ...process.env, ...env } })
    const lines = new Lines(child)
    running.set(child, { isBusy: true })
    try {
      const first = await lines.next(startWithinMs)
      if (first['ready'] !== true) throw new Error(`${name} said ${JSON.stringify(first)} at its start`)
      const side = new Side(name, { child, lines, ready: first as Ready }) // told by its first field
      side.#setBusy(false)
      return side
    } catch (error) {
      await endSide(child)
      throw error
    }
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** What it measured, and what it and its processes held meanwhile. @throws when the row failed, or took longer than `limitMs` */
  async measure(request: Request, limitMs: number): Promise<{ answer: Exclude<Answer, { error: string }>; memory: Memory | null }> {
    const watch = new MemoryWatch(this.pid)
    this.#setBusy(true)
    this.#write(request)
    for (;;) {
      const line = await this.#lines.next(limitMs)
      if (line['checkpoint'] === true) {
        watch.sample()
        this.#write({ go: true })
        continue
      }
      this.#setBusy(false)
      const answer = line as Answer // a checkpoint or an answer, as both sides are ours
      if ('error' in answer) throw new Error(answer.error)
      return { answer, memory: watch.finish() }
    }
  }

  stop(): Promise<void> {
    return endSide(this.#child)
  }

  #setBusy(isBusy: boolean): void {
    const state = running.get(this.#child)
    if (state) state.isBusy = isBusy // it is not there once the side was told to leave
  }

  #write(message: object): void {
    if (!this.#child.stdin?.write(`${JSON.stringify(message)}\n`) && this.#child.exitCode !== null)
      throw new Error(`${this.#name} has ended`)
  }
}

const running = new Map<ChildProcess, { isBusy: boolean }>()

/** Ends every side that runs, for when the run is broken off. */
export const endAllSides = async (): Promise<void> => void (await Promise.all([...running.keys()].map(endSide)))

/** The end of its input is the order to leave; one that is busy reads no input and gets SIGINT. Whatever of its tree is still there then is killed. */
async function endSide(child: ChildProcess): Promise<void> {
  const state = running.get(child)
  if (!state) return
  running.delete(child)
  const tree: ProcessRecord[] = child.pid === undefined ? [] : [processRecord(child.pid), ...listDescendants(child.pid)]
  if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, leaveWithinMs)
      child.once('exit', () => {
        clearTimeout(timer)
        resolve()
      })
      child.stdin?.end()
      if (state.isBusy) child.kill('SIGINT')
    })
  }
  for (const one of tree) endProcess(one, 'SIGKILL')
  child.stdout?.destroy()
  child.stderr?.destroy()
}

/** Lines of JSON of a child, and the end of what it said on standard error for when it ends early. */
class Lines {
  readonly #waiting: Record<string, unknown>[] = []
  #wake: (() => void) | undefined
  #errors = ''
  #end: string | undefined

  constructor(child: ChildProcess) {
    if (child.stdout) {
      createInterface({ input: child.stdout }).on('line', (line) => {
        if (line.startsWith('{')) this.#waiting.push(JSON.parse(line) as Record<string, unknown>) // an object, by its bracket
        this.#wake?.()
      })
    }
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-lastErrors)
    })
    child.stdin?.on('error', () => {}) // it ended: said by `close`
    const ended = (why: string) => {
      this.#end = why
      this.#wake?.()
    }
    child.once('error', (error) => ended(error.message))
    child.once('close', (code, signal) => ended(`it ended with ${signal ?? `code ${code}`}`))
  }

  async next(limitMs: number): Promise<Record<string, unknown>> {
    if (this.#waiting.length === 0 && this.#end === undefined) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, limitMs)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
      this.#wake = undefined
    }
    const line = this.#waiting.shift()
    if (line) return line
    throw new Error(`${this.#end ?? `no answer within ${limitMs / 1000} s`}\n${this.#errors}`.trimEnd())
  }
}
