import { listFiles, readText } from '../tidy/repository-files.ts'

export type Block = {
  /** `path:line` of its first line. */
  readonly at: string
  readonly page: string
  /** Of its first line, from 1. */
  readonly line: number
  readonly language: string
  readonly lines: readonly string[]
  /** What `<!-- not run: … -->` before it says. */
  readonly notRun: string | undefined
}

export type Page = {
  readonly path: string
  readonly text: string
  /** The page with every code block blanked, line for line. */
  readonly prose: readonly string[]
  readonly blocks: readonly Block[]
  /** What a link to a heading of it may name behind its `#`. */
  readonly anchors: ReadonlySet<string>
}

/** README.md and its translations, docs/, and examples/. */
export const documentation = (): Page[] =>
  listFiles()
    .filter((path) => /^README(\.\w+)?\.md$|^docs\/.*\.md$|^examples\/.*\.md$/.test(path))
    .map((path) => parsePage(path, readText(path)))

/** Every page above, and the READMEs of folders of code. */
export const allPages = (): Page[] => [
  ...documentation(),
  ...listFiles()
    .filter((path) => /^(runtime|src-main|src-renderer|test|scripts)\/.*\.md$/.test(path) && !path.startsWith('test/fixtures/'))
    .map((path) => parsePage(path, readText(path))),
]

const fence = /^(\s*)(```+|~~~+)\s*([\w-]*)/

export function parsePage(path: string, text: string): Page {
  const prose: string[] = []
  const blocks: Block[] = []
  let open: { end: string; indent: number; language: string; line: number; lines: string[]; notRun: string | undefined } | undefined
  for (const [index, line] of text.split('\n').entries()) {
    const mark = fence.exec(line)
    if (open) {
      if (mark?.[2]?.startsWith(open.end) && mark[3] === '') {
        const { language, lines, line: first, notRun } = open
        blocks.push({ at: `${path}:${first}`, page: path, line: first, language, lines, notRun })
        open = undefined
      } else open.lines.push(line.slice(Math.min(open.indent, line.search(/\S|$/))))
      prose.push('')
    } else if (mark) {
      const [, indent = '', end = '', language = ''] = mark
      open = { end, indent: indent.length, language, line: index + 2, lines: [], notRun: notRunBefore(prose) }
      prose.push('')
    } else prose.push(line)
  }
  if (open) throw new Error(`${path}:${open.line - 1}: this block does not end`)
  return { path, text, prose, blocks, anchors: anchorsOf(prose) }
}

/** The comment may be several lines long; it stands right before the block. */
function notRunBefore(prose: readonly string[]): string | undefined {
  const before = prose.slice(-6).join('\n')
  return /<!--\s*not run:\s*((?:(?!-->)[\s\S])*\S)\s*-->\s*$/.exec(before)?.[1]?.replace(/\s+/g, ' ')
}

/** As GitHub makes them: small letters, without what is no letter, digit, dash or underscore; a second one of the same name gets `-1`. */
function anchorsOf(prose: readonly string[]): Set<string> {
  const anchors = new Set<string>()
  for (const line of prose) {
    const [, heading] = /^#{1,6}\s+(.*?)\s*#*$/.exec(line) ?? []
    if (heading === undefined) for (const [, id = ''] of line.matchAll(/<a (?:id|name)="([^"]+)"/g)) anchors.add(id)
    else addAnchor(anchors, slugOf(heading))
  }
  return anchors
}

function addAnchor(anchors: Set<string>, slug: string): void {
  let unique = slug
  for (let more = 1; anchors.has(unique); more += 1) unique = `${slug}-${more}`
  anchors.add(unique)
}

export const slugOf = (heading: string): string =>
  heading
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-')

/** Code in a line of text, between backticks, with where each stands. */
export const inlineCode = (page: Page): { at: string; code: string }[] =>
  page.prose.flatMap((line, index) =>
    [...line.matchAll(/(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)/g)].map(([, , code = '']) => ({
      at: `${page.path}:${index + 1}`,
      code: code.trim(),
    })),
  )

/** A line of the report that the tests print, whether they pass or not. */
export const tell = (text: string): void => void process.stderr.write(`${text}\n`)
