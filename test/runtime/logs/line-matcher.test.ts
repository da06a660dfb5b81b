import { describe, expect, it } from 'vitest'
import { createMatcher } from '#runtime/logs/line-matcher.ts'

const lines = ['GET /api 200', 'get /API 500', 'a+b', '漢字 🦈']

describe('a pattern', () => {
  it('of text is looked for as it is', () => {
    expect(createMatcher({ kind: 'text', pattern: 'a+b', ignoreCase: false })(lines)).toEqual([false, false, true, false])
    expect(createMatcher({ kind: 'text', pattern: '/Api', ignoreCase: true })(lines)).toEqual([true, true, false, false])
  })

  it('that is a regular expression sees one line at a time', () => {
    expect(createMatcher({ kind: 'regex', pattern: '^get .* \\d00$', ignoreCase: true })(lines)).toEqual([true, true, false, false])
    expect(createMatcher({ kind: 'regex', pattern: '.🦈$', ignoreCase: false })(lines)).toEqual([false, false, false, true])
    expect(createMatcher({ kind: 'regex', pattern: '\\-', ignoreCase: false })(['a-b'])).toEqual([true])
  })

  it('that is no regular expression is refused', () => {
    expect(() => createMatcher({ kind: 'regex', pattern: '(', ignoreCase: false })).toThrow(/no regular expression/)
  })

  it('that would take for ever is stopped, and what comes after works', () => {
    const slow = createMatcher({ kind: 'regex', pattern: '^(a+)+$', ignoreCase: false })
    const startedMs = performance.now()
    expect(() => slow([`${'a'.repeat(60)}!`])).toThrow(/takes too long/)
    expect(performance.now() - startedMs).toBeLessThan(5_000)
    expect(slow(['aaa'])).toEqual([true])
  })
})
