import { describe, expect, it } from 'vitest'
import { isRelativeGlob, matchGlob } from '#runtime/logs/glob.ts'

describe('a glob', () => {
  it.each([
    ['*', 'agent.log', true],
    ['*', 'jobs/agent.log', false],
    ['**', 'jobs/deep/agent.log', true],
    ['jobs/*.log', 'jobs/a.log', true],
    ['**/*.out', 'worker-1.out', true],
    ['**/*.out', 'a/b/worker-1.out', true],
    ['worker-*-02000000-*.err', 'worker-ab-02000000-17.err', true],
    ['worker-*-02000000-*.err', 'worker-ab-01000000-17.err', false],
    ['wo?ker*', 'worker-1', true],
    ['[a-c]gent.log', 'agent.log', true],
    ['[!a]gent.log', 'agent.log', false],
    ['agent.log', 'agentxlog', false],
    ['[', '[', true],
  ])('%s and %s: %s', (glob, path, fits) => {
    expect(matchGlob(glob, path)).toBe(fits)
  })

  it('of many stars is not slow on a name that nearly fits', () => {
    const startedMs = performance.now()
    expect(matchGlob(`${'*a'.repeat(100)}b`, 'a'.repeat(255))).toBe(false)
    expect(matchGlob(`${'**/'.repeat(50)}b`, 'a/'.repeat(100))).toBe(false)
    expect(performance.now() - startedMs).toBeLessThan(1_000)
  })

  it('that leads out of the folder is none', () => {
    for (const glob of ['/etc/*', '../*', 'a/../../b', 'a\0b']) expect(isRelativeGlob(glob)).toBe(false)
    expect(isRelativeGlob('a..b/*')).toBe(true)
  })
})
