import { UsageError } from '../../../runtime/cli/command.ts'

/** Of `a,b, c`. @throws UsageError for an empty one */
export function listFrom(flag: string, text: string | undefined): string[] | undefined {
  if (text === undefined) return undefined
  const items = text.split(',').map((item) => item.trim())
  if (items.some((item) => item === ''))
    throw new UsageError(`${flag} must be one or more names with commas between them, got ${JSON.stringify(text)}`)
  return items
}

/** The same, where nothing at all stands for none: `--jump ''` goes straight there. */
export const listOrNone = (flag: string, text: string | undefined): string[] | undefined =>
  text?.trim() === '' ? [] : listFrom(flag, text)

/** Of a flag that takes one of these words. @throws UsageError */
export function wordFrom<Word extends string>(flag: string, text: string, words: readonly Word[]): Word {
  const found = words.find((word) => word === text)
  if (found === undefined)
    throw new UsageError(`${flag} must be ${words.slice(0, -1).join(', ')} or ${words.at(-1)}, got ${JSON.stringify(text)}`)
  return found
}

/** The one thing that a command is about. @throws UsageError */
export function onlyWord(command: string, what: string, words: readonly string[]): string {
  const [word, more] = words
  if (word === undefined) throw new UsageError(`${command} needs ${what}`)
  if (more !== undefined) throw new UsageError(`${command} takes ${what} and nothing else, got ${JSON.stringify(more)} too`)
  return word
}

/** @throws UsageError */
export function noWords(command: string, words: readonly string[]): void {
  if (words[0] !== undefined) throw new UsageError(`${command} takes no argument ${JSON.stringify(words[0])}; see shoal ${command} --help`)
}
