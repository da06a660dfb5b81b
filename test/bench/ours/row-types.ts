/** A row that counts calls. */
export type RateRow = {
  /** Makes what the calls need. `scale` is that of the settings. */
  prepare(scale: number): Promise<Calls> | Calls
}
export type Calls = {
  readonly call: () => Promise<unknown>
  /** What one call counts, in the row's unit times seconds. */
  readonly counts: number
  /** Measures what the budget is a share of. Called before and after the rounds. */
  readonly reference?: () => number
  readonly end?: () => Promise<void>
}

/** A row of which one run is one sample, in the row's unit. */
export type SampleRow = {
  sample(scale: number, pause: Pause): Promise<number>
}

/** Call it where nothing is timed: memory is looked at meanwhile. */
export type Pause = () => Promise<void>

export type OurRow = RateRow | SampleRow
export type OurRows = Readonly<Record<string, OurRow>>
