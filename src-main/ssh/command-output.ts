import { StringDecoder } from 'node:string_decoder'

/** A line that is longer is handed on in pieces. */
const maxLineLength = 64 * 1024

/** One output of a command: kept up to a limit, and handed on by lines as it comes. */
export class CommandOutput {
  readonly #maxBytes: number
  readonly #onLine: ((line: string) => void) | undefined
  readonly #decoder = new StringDecoder('utf8')
  readonly #kept: Buffer[] = []
  #size = 0
  #line = ''
  isTruncated = false
  constructor(maxBytes: number, onLine: ((line: string) => void) | undefined) {
    this.#maxBytes = maxBytes
    this.#onLine = onLine
  }
  push(chunk: Buffer): void {
    const room = this.#maxBytes - this.#size
    if (chunk.length > room) this.isTruncated = true
    if (room > 0) {
      const part = chunk.subarray(0, room)
      this.#kept.push(part)
      this.#size += part.length
    }
    if (this.#onLine) this.#split(this.#decoder.write(chunk))
  }
  /** All that was kept. The last line is handed on even without its line break. */
  end(): string {
    if (this.#onLine) {
      this.#split(this.#decoder.end())
      if (this.#line !== '') this.#onLine(this.#line)
      this.#line = ''
    }
    return Buffer.concat(this.#kept).toString('utf8')
  }
  #split(text: string): void {
    const lines = (this.#line + text).split('\n')
    this.#line = lines.pop() ?? ''
    for (const line of lines) this.#onLine?.(line.endsWith('\r') ? line.slice(0, -1) : line)
    while (this.#line.length > maxLineLength) {
      this.#onLine?.(this.#line.slice(0, maxLineLength))
      this.#line = this.#line.slice(maxLineLength)
    }
  }
}
