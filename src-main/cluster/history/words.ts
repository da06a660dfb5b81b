import type { DatabaseSync, StatementSync } from 'node:sqlite'

/** Held in memory; beyond it the map begins anew, and words are looked up again. */
const mostWords = 100_000

/** Texts that many rows share, such as ids of nodes and names of functions, kept once. */
export class Words {
  readonly #find: StatementSync
  readonly #insert: StatementSync
  readonly #numbers = new Map<string, number>()

  constructor(database: DatabaseSync) {
    this.#find = database.prepare('SELECT number FROM words WHERE text = ?')
    this.#insert = database.prepare('INSERT INTO words (text) VALUES (?)')
  }

  /** To be called inside a transaction. */
  numberOf(text: string): number {
    const known = this.#numbers.get(text)
    if (known !== undefined) return known
    const found = this.#find.get(text)?.['number']
    const number = Number(found ?? this.#insert.run(text).lastInsertRowid)
    if (this.#numbers.size >= mostWords) this.#numbers.clear()
    this.#numbers.set(text, number)
    return number
  }

  /** After a transaction that was taken back: its words are not there. */
  forget(): void {
    this.#numbers.clear()
  }
}
