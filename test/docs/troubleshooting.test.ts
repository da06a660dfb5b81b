import { describe, expect, test } from 'vitest'
import { errorCodes } from '#runtime/base/errors.ts'
import { listFiles, readText } from '../tidy/repository-files.ts'

const page = 'docs/troubleshooting.md'
const codes = Object.keys(errorCodes)

/** Everything between backquotes that has the form of a code. Findings have the same form. */
const idsIn = (text: string): Set<string> =>
  new Set([...text.matchAll(/`([a-z][a-z-]*(?:\.[a-z…-]+)?)`/g)].flatMap(([, id]) => (id === undefined ? [] : [id])))

/** What the check of a machine calls its blockers and warnings, as the sources write them. */
const findingIds = new Set(
  listFiles()
    .filter((path) => /^src-main\/bootstrap\/.*\.ts$/.test(path))
    .flatMap((path) => [
      ...[...readText(path).matchAll(/\b(?:blocker|warning)\(\s*'([a-z.-]+)'/g)].map(([, id]) => id ?? ''),
      ...[...readText(path).matchAll(/^ {4}id: '([a-z.-]+)',$/gm)].map(([, id]) => id ?? ''),
    ]),
)
const portIds = ['port.head-taken', 'port.agent-taken', 'port.api-taken', 'port.…-taken'] // made from the names of ports

const notCodes = new Set(['error.code', 'error.retryable', 'process.exit']) // of programs, with the form of a code

const namedOnThePage = (text: string): string[] => [...idsIn(text)].filter((id) => id.includes('.') && !notCodes.has(id))

describe('the page of messages', () => {
  test('every code that an error may carry is on it', () => {
    expect(codes.length).toBeGreaterThan(50)
    const named = idsIn(readText(page))
    expect(codes.filter((code) => !named.has(code))).toEqual([])
  })

  test('every finding that keeps a machine out or warns of it is on it', () => {
    expect(findingIds.size).toBeGreaterThan(40)
    const named = idsIn(readText(page))
    expect([...findingIds].filter((id) => !named.has(id))).toEqual([])
  })

  test('no code or finding is on it that does not exist', () => {
    const known = new Set([...codes, ...findingIds, ...portIds])
    expect(namedOnThePage(readText(page)).filter((id) => !known.has(id))).toEqual([])
    expect(namedOnThePage('`ssh.no-such-code` and `task.failed`').filter((id) => !known.has(id))).toEqual(['ssh.no-such-code'])
  })
})
