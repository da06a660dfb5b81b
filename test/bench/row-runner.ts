import { setTimeout as sleep } from 'node:timers/promises'
import { listDescendants, MemoryWatch, pssBytesOf } from './process-tree.ts'
import type { Found, Memory } from './report.ts'
import type { Row } from './rows.ts'
import { type Settings, summarize } from './settings.ts'
import { Side, type SideCommand } from './side.ts'

export type RowRunnerOptions = {
  readonly settings: Settings
  /** Null: left out. */
  readonly ours: SideCommand | null
  /** Our program on a Ray of its own, for the rows `on-ray`. */
  readonly oursOnRay: SideCommand | null
  readonly ray: SideCommand | null
  readonly print: (line: string) => void
}

type Measured = { readonly mean: number; readonly sd: number; readonly reference?: number; readonly memory: Memory | null }

/** A row that has not ended by then never will. Ray's slowest take some minutes on 2 cores. */
const rowLimitMs = 15 * 60_000
const quickRowLimitMs = 2 * 60_000
const idleAfterMs = 5_000

/** Measures a row on ours, then on Ray's, so that what else the machine does meets both. The two long-lived sides stay between rows. */
export class RowRunner {
  /** Measurements that failed. */
  failed = 0
  readonly #options: RowRunnerOptions
  readonly #limitMs: number
  readonly #sides = new Map<string, Side>()

  constructor(options: RowRunnerOptions) {
    this.#options = options
    this.#limitMs = options.settings.scale < 1 ? quickRowLimitMs : rowLimitMs
  }

  async run(row: Row): Promise<Found> {
    const { ray } = this.#options
    const ours = row.runs === 'on-ray' ? this.#options.oursOnRay : this.#options.ours
    const first = ours && (await this.#tried(row, ours))
    const second = ray && row.onRay ? await this.#tried(row, ray) : null
    return { ours: first, ray: second, memory: first?.memory ?? null }
  }

  /** Null when it failed; the side begins anew with the next row then. */
  async #tried(row: Row, command: SideCommand): Promise<Measured | null> {
    try {
      return await this.#measure(row, command)
    } catch (error) {
      this.failed += 1
      this.#options.print(`  ${row.name}: ${command.name} failed: ${error instanceof Error ? error.message : String(error)}`)
      await this.#drop(command)
      return null
    }
  }

  async #measure(row: Row, command: SideCommand): Promise<Measured> {
    const { settings } = this.#options
    switch (row.runs) {
      case 'on-ray':
      case 'cluster': {
        const side = this.#sides.get(command.name) ?? (await this.#start(command))
        return flatten(await side.measure({ row: row.like ?? row.name, settings }, this.#limitMs))
      }
      case 'alone':
        return withSide(withArgs(command, '--without-cluster'), async (side) =>
          flatten(await side.measure({ row: row.name, settings }, this.#limitMs)),
        )
      case 'start':
        return this.#repeated(command, async (side) => side.ready.startS)
      case 'idle':
        return this.#repeated(command, async (side) => {
          await sleep(idleAfterMs)
          return pssBytesOf(listDescendants(side.pid).map(({ pid }) => pid)) / 1e6
        })
    }
  }

  async #start(command: SideCommand): Promise<Side> {
    const side = await Side.start(command)
    this.#sides.set(command.name, side)
    return side
  }

  async #drop(command: SideCommand): Promise<void> {
    const side = this.#sides.get(command.name)
    this.#sides.delete(command.name)
    await side?.stop()
  }

  /** A new cluster for each sample. */
  async #repeated(command: SideCommand, sample: (side: Side) => Promise<number>): Promise<Measured> {
    const samples: number[] = []
    let memory: Memory | null = null
    for (let count = 0; count < this.#options.settings.samples; count += 1) {
      await withSide(withArgs(command, '--init-probe'), async (side) => {
        samples.push(await sample(side))
        memory = new MemoryWatch(side.pid).finish()
      })
    }
    return { ...summarize(samples), memory }
  }
}

const withArgs = (command: SideCommand, ...more: string[]): SideCommand => ({ ...command, args: [...command.args, ...more] })

async function withSide<T>(command: SideCommand, use: (side: Side) => Promise<T>): Promise<T> {
  const side = await Side.start(command)
  try {
    return await use(side)
  } finally {
    await side.stop()
  }
}

const flatten = ({ answer, memory }: Awaited<ReturnType<Side['measure']>>): Measured => ({ ...answer, memory })
