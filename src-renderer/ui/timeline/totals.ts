import { barStates, type BarTable, stateNumbers } from './bar-table.ts'
import { Concurrency } from './concurrency.ts'

/** What is known of all bars together. The sums over time are counted when first asked for, and kept up from then on. */
export class Totals {
  /** Bars of each function, by its number, and of each state. */
  readonly countOfName: number[] = []
  readonly countOfState: number[] = barStates.map(() => 0)
  readonly #bars: BarTable
  #crowd: Concurrency | undefined
  #failures: Concurrency | undefined

  constructor(bars: BarTable) {
    this.#bars = bars
  }

  get crowd(): Concurrency {
    this.#crowd ??= this.#collect((crowd, bar) => crowd.add(this.#bars.start[bar] ?? 0, this.#bars.end[bar] ?? 0))
    return this.#crowd
  }

  /** The moments at which bars failed. */
  get failures(): Concurrency {
    this.#failures ??= this.#collect((failures, bar) => this.#addFailure(failures, bar))
    return this.#failures
  }

  noteAdded(bar: number): void {
    this.#count(bar, 1)
    this.#crowd?.add(this.#bars.start[bar] ?? 0, this.#bars.end[bar] ?? 0)
    if (this.#failures) this.#addFailure(this.#failures, bar)
  }

  noteChanged(bar: number, was: { readonly state: number; readonly endMs: number }): void {
    const state = this.#bars.state[bar] ?? 0
    this.countOfState[was.state] = (this.countOfState[was.state] ?? 0) - 1
    this.countOfState[state] = (this.countOfState[state] ?? 0) + 1
    this.#crowd?.end(this.#bars.end[bar] ?? 0, was.endMs)
    if (was.state === stateNumbers.failed) this.#failures = undefined
    else if (this.#failures) this.#addFailure(this.#failures, bar)
  }

  /** While the bar is still in the table. */
  noteRemoved(bar: number): void {
    this.#count(bar, -1)
    this.#crowd = undefined
    this.#failures = undefined
  }

  #count(bar: number, more: number): void {
    const [name, state] = [this.#bars.name[bar] ?? 0, this.#bars.state[bar] ?? 0]
    this.countOfName[name] = (this.countOfName[name] ?? 0) + more
    this.countOfState[state] = (this.countOfState[state] ?? 0) + more
  }

  #addFailure(failures: Concurrency, bar: number): void {
    const endMs = this.#bars.end[bar] ?? 0
    if (this.#bars.state[bar] === stateNumbers.failed && endMs !== Infinity) failures.add(endMs, endMs)
  }

  #collect(add: (crowd: Concurrency, bar: number) => void): Concurrency {
    const crowd = new Concurrency()
    for (let bar = 0; bar < this.#bars.limit; bar += 1) if (this.#bars.isUsed(bar)) add(crowd, bar)
    return crowd
  }
}
