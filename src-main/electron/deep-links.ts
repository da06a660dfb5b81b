import { PagePath } from '../contract/desktop-bridge.ts'

export const linkScheme = 'shoal'
const longestLink = 2_100

/**
 * The page that a link of ours means, such as `/c/lab/jobs` of `shoal://open/c/lab/jobs`. Undefined for everything else: a link may come
 * from any page of the web, so it can only lead somewhere, and does nothing.
 */
export function parseLink(text: string): string | undefined {
  if (text.length > longestLink) return undefined
  const path = /^shoal:\/\/open(\/.*)$/i.exec(text)?.[1]
  return PagePath.safeParse(path).data
}

/** The first link of ours in a command line: that is how a link comes on Linux and Windows. */
export function findLink(words: readonly string[]): string | undefined {
  const word = words.find((each) => each.toLowerCase().startsWith(`${linkScheme}:`))
  return word === undefined ? undefined : parseLink(word)
}
