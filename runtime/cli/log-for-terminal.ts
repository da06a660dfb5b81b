import { shownLetter } from '../base/shown-text.ts'

// oxlint-disable-next-line no-control-regex -- control characters are what it is to find
const colourOrOrder = /\u001b\[[0-9;:]{0,64}m|[\u0000-\u0008\u000b-\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g
// oxlint-disable-next-line no-control-regex -- as above
const begunColour = /\u001b(\[[0-9;:]{0,64})?$/
const plainColour = '\u001b[0m'

/** One line of a log among lines of others: with its colours, which end with it, and nothing that moves back over what stands before it. */
export function shownLine(text: string): string {
  const line = new LogForTerminal()
  return (line.push(text.replace(/\r$/, '')) + line.end()).replaceAll('\r', shownLetter)
}

/** Lets colours and carriage returns of a log through to a terminal, and shows every other order, also where a colour is split over pieces. */
export class LogForTerminal {
  readonly #decoder = new TextDecoder()
  #begun = ''
  #isColoured = false

  push(piece: Uint8Array | string): string {
    const text = this.#begun + (typeof piece === 'string' ? piece : this.#decoder.decode(piece, { stream: true }))
    const at = begunColour.exec(text)?.index ?? text.length
    this.#begun = text.slice(at)
    return this.#shown(text.slice(0, at))
  }

  /** What is still held back, and the plain colour again: what comes next is not the log's. */
  end(): string {
    const rest = this.#shown(this.#begun + this.#decoder.decode())
    this.#begun = ''
    const after = this.#isColoured ? plainColour : ''
    this.#isColoured = false
    return rest + after
  }

  #shown(text: string): string {
    return text.replaceAll(colourOrOrder, (found) => {
      if (found.length === 1) return shownLetter(found)
      this.#isColoured = found !== plainColour && found !== '\u001b[m'
      return found
    })
  }
}
