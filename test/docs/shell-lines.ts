import type { Block } from './pages.ts'

/** One command of a block: its words without quotes, and what stands before it. */
export type ShellCommand = { readonly at: string; readonly words: readonly string[]; readonly env: Readonly<Record<string, string>> }

/** The commands of a block in their order, those in `$(…)` and behind `&&`, `|` and `;` too. Comments are left out; `<words>` are words. */
export function commandsOf({ page, line, lines }: Block): ShellCommand[] {
  const commands: ShellCommand[] = []
  let text = ''
  let first = 0
  for (const [index, each] of lines.entries()) {
    if (text === '') first = index
    if (each.endsWith('\\')) text += `${each.slice(0, -1)} `
    else {
      for (const words of splitCommands(text + each)) commands.push(commandFrom(`${page}:${line + first}`, words))
      text = ''
    }
  }
  return commands.filter(({ words }) => words.length > 0)
}

function commandFrom(at: string, words: readonly string[]): ShellCommand {
  const from = words.findIndex((word) => !/^[A-Za-z_]\w*=/.test(word))
  const before = from < 0 ? words : words.slice(0, from)
  const env = Object.fromEntries(before.map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]))
  return { at, words: from < 0 ? [] : words.slice(from), env }
}

/** What a shell makes of a line: lists of words. Knows quotes, comments, `$(…)`, and what stands between commands and before files. */
export function splitCommands(line: string): string[][] {
  const commands: string[][] = [[]]
  let word: string | undefined
  let rest = line
  const take = (pattern: RegExp): string | undefined => {
    const [found, ...groups] = pattern.exec(rest) ?? []
    if (found === undefined) return undefined
    rest = rest.slice(found.length)
    return groups.find((group) => group !== undefined) ?? found
  }
  const endWord = () => {
    if (word !== undefined) commands.at(-1)?.push(word)
    word = undefined
  }
  const inner: string[][] = []
  while (rest !== '') {
    if (take(/^\s+/) !== undefined) endWord()
    else if (word === undefined && rest.startsWith('#')) break
    else if (take(/^(?:&&|\|\||[;|&])/) !== undefined) {
      endWord()
      commands.push([])
    } else {
      const redirected = word === undefined || /^\d$/.test(word) ? take(/^(?:>>?|<(?!<)(?!\w(?:[^<>\n]*\w)?>))\s*\S+/) : undefined
      if (redirected !== undefined) word = undefined
      else {
        const nested = take(/^\$\(([^()]*(?:\([^()]*\)[^()]*)*)\)/)
        if (nested !== undefined) inner.push(...splitCommands(nested))
        const piece = nested ?? take(/^'([^']*)'/) ?? take(/^"((?:[^"\\]|\\.)*)"/) ?? take(/^<[^<>\n]+>/) ?? take(/^\\(.)/) ?? take(/^[^]/)
        word = (word ?? '') + (piece ?? '')
      }
    }
  }
  endWord()
  return [...commands.filter((each) => each.length > 0), ...inner]
}
