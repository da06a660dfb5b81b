import { Interner } from './interner.ts'

/** 32-bit words of one packed id. */
export const wordsPerId = 6
const digitsPerId = wordsPerId * 8

/** In the words behind the first two: the id is no hex of that length, and the second word is its number among such. No id at all: 0. */
const marker = 0xa5c3_96e1

const digitOf = new Uint8Array(128).fill(255)
for (let value = 0; value < 16; value += 1) digitOf[value.toString(16).charCodeAt(0)] = value

/** Ids of 48 lower-case hex digits take 24 bytes each and no string; any other text is kept beside. */
export class TaskIds {
  readonly #others = new Interner()

  /** Writes the id's words into `words` from `at` on. An empty text is no id. */
  pack(id: string, words: Uint32Array, at: number): void {
    if (id === '') words.fill(0, at, at + wordsPerId)
    else if (id.length !== digitsPerId || !packHex(id, words, at) || isMarked(words, at)) this.#packOther(id, words, at)
  }

  /** The text that was packed. */
  unpack(words: Uint32Array, at: number): string {
    if (isMarked(words, at)) return (words[at + 1] ?? 0) === 0 ? '' : (this.#others.texts[(words[at + 1] ?? 0) - 1] ?? '')
    if (isNoId(words, at)) return ''
    let text = ''
    for (let word = 0; word < wordsPerId; word += 1) text += ((words[at + word] ?? 0) + 0x1_0000_0000).toString(16).slice(1)
    return text
  }

  #packOther(id: string, words: Uint32Array, at: number): void {
    words[at] = 0
    words[at + 1] = this.#others.numberOf(id) + 1
    words.fill(marker, at + 2, at + wordsPerId)
  }
}

export function isNoId(words: Uint32Array, at: number): boolean {
  for (let word = 0; word < wordsPerId; word += 1) if (words[at + word] !== 0) return false
  return true
}

function isMarked(words: Uint32Array, at: number): boolean {
  for (let word = 2; word < wordsPerId; word += 1) if (words[at + word] !== marker) return false
  return true
}

/** False where a character is no digit; what has been written then is of no use. */
function packHex(id: string, words: Uint32Array, at: number): boolean {
  let seen = 0
  for (let word = 0; word < wordsPerId; word += 1) {
    let value = 0
    for (let digit = word * 8; digit < word * 8 + 8; digit += 1) {
      const part = digitOf[id.charCodeAt(digit)] ?? 255
      seen |= part
      value = (value << 4) | (part & 15)
    }
    words[at + word] = value
  }
  return seen < 16
}
