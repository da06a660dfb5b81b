/** Lines `NAME 1`, `NAME 2` … of a log, as they come, in pieces cut anywhere. Others are left alone. */
export class NumberedLines {
  readonly #name: string
  #rest = ''
  count = 0
  /** The first line that was not the one that comes next. */
  problem: string | undefined

  constructor(name: string) {
    this.#name = name
  }

  take(text: string): void {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) {
      if (!line.startsWith(`${this.#name} `)) continue
      if (line === `${this.#name} ${this.count + 1}`) this.count += 1
      else this.problem ??= `behind line ${this.count} comes ${JSON.stringify(line.slice(0, 200))}`
    }
  }
}
