import { LineScreen } from './line-screen.ts'

/** An unfinished line: kept as it comes until something in it moves back, and from then on as a terminal would show it. */
export class LineText {
  #plain = ''
  #screen: LineScreen | null = null
  /** Carriage returns at its end: they mean nothing if the line ends here. */
  #returns = ''

  get length(): number {
    return this.#screen?.length ?? this.#plain.length
  }

  get rewrites(): number {
    return this.#screen?.rewrites ?? 0
  }

  get text(): string {
    return this.#screen?.text() ?? this.#plain
  }

  /** `text` has no line feed. */
  append(text: string): void {
    let whole = this.#returns + text
    let end = whole.length
    while (end > 0 && whole.charCodeAt(end - 1) === 0x0d) end--
    this.#returns = whole.slice(end)
    if (end === 0) return
    whole = whole.slice(0, end)
    if (this.#screen === null && !movesBack(whole)) {
      this.#plain += whole
      return
    }
    if (this.#screen === null) {
      this.#screen = new LineScreen()
      this.#screen.write(this.#plain)
      this.#plain = ''
    }
    this.#screen.write(whole)
  }

  finish(): void {
    this.#screen?.finish()
  }
}

/** Whether a line with this in it needs more than to be kept as it is. */
export const movesBack = (text: string): boolean => text.includes('\r') || text.includes('\b')
