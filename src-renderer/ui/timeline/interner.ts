/** Gives each different text a small number, from 0 on, for good. */
export class Interner {
  readonly #numbers = new Map<string, number>()
  readonly texts: string[] = []

  numberOf(text: string): number {
    const known = this.#numbers.get(text)
    if (known !== undefined) return known
    const made = this.texts.length
    this.#numbers.set(text, made)
    this.texts.push(text)
    return made
  }
}
