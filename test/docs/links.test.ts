import { existsSync } from 'node:fs'
import { join, posix } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readText, repository } from '../tidy/repository-files.ts'
import { allPages, type Page, parsePage, slugOf } from './pages.ts'

describe('what pages point at', () => {
  test('every path that a page names, and every file and heading that it links to, exists', () => {
    const pages = allPages()
    expect(pages.length).toBeGreaterThan(20)
    expect(pages.flatMap((page) => [...findMissingPaths(page), ...findBrokenLinks(page)])).toEqual([])
  })

  test('every page of docs is linked from README.md, or from a page that is', () => {
    const pages = new Map(allPages().map((page) => [page.path, page]))
    const reached = new Set<string>()
    const visit = (path: string) => {
      const page = pages.get(path)
      if (!page || reached.has(path)) return
      reached.add(path)
      for (const { target } of linksOf(page)) visit(target.split('#')[0] ?? '')
    }
    visit('README.md')
    expect(
      [...pages.keys()].filter((path) => path.startsWith('docs/') && !path.startsWith('docs/decisions/') && !reached.has(path)),
    ).toEqual([])
  })
})

describe('what is planted is noticed', () => {
  const faultsOf = (text: string) => {
    const page = parsePage('docs/page.md', text)
    return [...findMissingPaths(page), ...findBrokenLinks(page)]
  }

  test('paths that do not exist, in text and in tables', () => {
    const text = 'See `runtime/nowhere.ts`, `runtime/base/` and `runtime/base/errors.ts`.\nRun scripts/gone.mjs.\n\n| `docs/gone.md` | x |'
    expect(faultsOf(text)).toEqual([
      'docs/page.md:1 names runtime/nowhere.ts, which does not exist',
      'docs/page.md:2 names scripts/gone.mjs, which does not exist',
      'docs/page.md:4 names docs/gone.md, which does not exist',
    ])
  })

  test('links to files and headings that do not exist', () => {
    const text = '# A `b`, c\n[one](#a-b-c) [two](#d) [three](gone.md)\n[four](jobs.md#jobs) [five](jobs.md#gone) ![six](no.png)'
    expect(faultsOf(text)).toEqual([
      'docs/page.md:2 links to #d, but docs/page.md has no such heading',
      'docs/page.md:2 links to gone.md, which does not exist',
      'docs/page.md:3 links to jobs.md#gone, but docs/jobs.md has no such heading',
      'docs/page.md:3 links to no.png, which does not exist',
    ])
  })

  test('headings become the names that GitHub gives them', () => {
    expect(slugOf('What `get` throws: errors, by name')).toBe('what-get-throws-errors-by-name')
    expect(slugOf('はじめに (5 分)')).toBe('はじめに-5-分')
    expect([...parsePage('x.md', '## Same\n## Same\n```\n# no heading\n```').anchors]).toEqual(['same', 'same-1'])
  })
})

/** Paths below one of our folders, up to a wildcard or a placeholder. */
function findMissingPaths(page: Page): string[] {
  return page.text.split('\n').flatMap((line, index) => {
    const named = line.matchAll(
      /(?<![\w./~<>-])((?:runtime|src-main|src-renderer|test|scripts|docs|examples|\.ci)\/[\w./-]*)(?![\w-]*:\/\/)/g,
    )
    return [...new Set([...named].map(([, path = '']) => path.replace(/[.]+$/, '')))]
      .filter((path) => !existsSync(join(repository, path)))
      .map((path) => `${page.path}:${index + 1} names ${path}, which does not exist`)
  })
}

type Link = {
  readonly at: string
  readonly written: string /** Relative to the repository, with what stands behind `#`. */
  readonly target: string
}

function linksOf(page: Page): Link[] {
  return page.prose.flatMap((line, index) => {
    const written = [
      ...[...line.matchAll(/\]\((?![a-z]+:)([^)\s]+)(?:\s+"[^"]*")?\)/g)].map(([, link = '']) => link),
      ...[...line.matchAll(/\s(?:href|src)="(?![a-z]+:)([^"]+)"/g)].map(([, link = '']) => link),
    ]
    return written.map((link) => ({
      at: `${page.path}:${index + 1}`,
      written: link,
      target: link.startsWith('#') ? page.path + link : posix.normalize(posix.join(posix.dirname(page.path), decodeURI(link))),
    }))
  })
}

function findBrokenLinks(page: Page): string[] {
  return linksOf(page).flatMap(({ at, written, target }) => {
    const [path = '', anchor] = target.split('#')
    if (!existsSync(join(repository, path)) && path !== page.path) return [`${at} links to ${written}, which does not exist`]
    if (anchor === undefined || !path.endsWith('.md')) return []
    const { anchors } = path === page.path ? page : parsePage(path, readText(path))
    return anchors.has(decodeURI(anchor)) ? [] : [`${at} links to ${written}, but ${path} has no such heading`]
  })
}
