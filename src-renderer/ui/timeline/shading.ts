import { barStates, stateNumbers } from './bar-table.ts'
import type { TimelineStore } from './timeline-store.ts'

const seriesCount = 8
/** Colour classes: eight series or the states, and one for what is dimmed. */
export const classCount = seriesCount + 1
export const dimClass = seriesCount

export type ColourBy = 'function' | 'state'

/** What the picture tells apart. `version` changes when the class of any bar may have. */
export type BarClasses = { readonly version: number; classOf(bar: number): number; isFailed(bar: number): boolean }

export type ShadingChoice = {
  readonly colourBy: ColourBy
  /** Only these functions or states, whichever gives the colours, stand out. None: all do. */
  readonly isolated: ReadonlySet<string>
  /** Only these tasks stand out. */
  readonly litTasks: ReadonlySet<string> | undefined
}

/** One of the eight series, the same for a name wherever it comes up. */
export function seriesOf(name: string): number {
  let hash = 0x811c_9dc5
  for (let at = 0; at < name.length; at += 1) hash = Math.imul(hash ^ name.charCodeAt(at), 0x0100_0193)
  hash ^= hash >>> 15
  return (Math.imul(hash, 0x2c1b_3c6d) >>> 16) % seriesCount
}

/** The class of each bar of a store under a choice of what to show. */
export class Shading implements BarClasses {
  version = 0
  readonly #store: TimelineStore
  #choice: ShadingChoice = { colourBy: 'function', isolated: new Set(), litTasks: undefined }
  #classOfName: number[] = []
  #classOfState: number[] = []
  #lit: Uint8Array | undefined
  litBars: readonly number[] = []
  #storeVersion = -1

  constructor(store: TimelineStore) {
    this.#store = store
    this.choose(this.#choice)
  }

  choose(choice: ShadingChoice): void {
    this.#choice = choice
    this.#classOfName = []
    this.#classOfState = barStates.map((state, number) => (this.#isShown(state) ? number : dimClass))
    this.#storeVersion = -1
    this.version += 1
  }

  /** Takes in what the store has got since; to be called before drawing. */
  follow(): void {
    if (this.#storeVersion === this.#store.version) return
    this.#storeVersion = this.#store.version
    const { litTasks } = this.#choice
    const lit = litTasks === undefined ? [] : [...litTasks].flatMap((taskId) => this.#store.attemptsOf(taskId)).sort((a, b) => a - b)
    if ((litTasks === undefined) === (this.#lit === undefined) && isSameList(lit, this.litBars)) return
    this.litBars = lit
    this.#lit = litTasks && new Uint8Array(this.#store.bars.start.length)
    for (const bar of lit) if (this.#lit) this.#lit[bar] = 1
    this.version += 1
  }

  classOf(bar: number): number {
    if (this.#lit && this.#lit[bar] !== 1) return dimClass
    const { name, state } = this.#store.bars
    if (this.#choice.colourBy === 'state') return this.#classOfState[state[bar] ?? 0] ?? dimClass
    const number = name[bar] ?? 0
    return this.#classOfName[number] ?? this.#addName(number)
  }

  /** Of a lineage that is shown. */
  isLit(bar: number): boolean {
    return this.#lit?.[bar] === 1
  }

  isRunning(bar: number): boolean {
    return this.#store.bars.end[bar] === Infinity
  }

  isFailed(bar: number): boolean {
    return this.#store.bars.state[bar] === stateNumbers.failed
  }

  #addName(number: number): number {
    for (let each = this.#classOfName.length; each <= number; each += 1) {
      const text = this.#store.names.texts[each] ?? ''
      this.#classOfName.push(this.#isShown(text) ? seriesOf(text) : dimClass)
    }
    return this.#classOfName[number] ?? dimClass
  }

  #isShown(key: string): boolean {
    return this.#choice.isolated.size === 0 || this.#choice.isolated.has(key)
  }
}

const isSameList = (one: readonly number[], other: readonly number[]): boolean =>
  one.length === other.length && one.every((value, index) => value === other[index])
