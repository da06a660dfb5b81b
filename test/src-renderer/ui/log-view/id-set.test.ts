import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { IdSet } from '#src-renderer/ui/log-view/id-set.ts'

/** What is done to the set, and to a plain list beside it. */
const steps = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant('append' as const), count: fc.nat(6_000), gap: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ do: fc.constant('set' as const), at: fc.double({ min: 0, max: 1, noNaN: true }), isIn: fc.boolean() }),
    fc.record({ do: fc.constant('drop' as const), at: fc.double({ min: 0, max: 1, noNaN: true }) }),
  ),
  { maxLength: 12 },
)

describe('a set of ids', () => {
  test('is what a plain sorted list would be', () => {
    fc.assert(
      fc.property(steps, fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 5, maxLength: 5 }), (list, probes) => {
        const set = new IdSet()
        let plain: number[] = []
        let end = 0
        let first = 0
        for (const step of list) {
          if (step.do === 'append') {
            const added = Array.from({ length: step.count }, (_, at) => end + at * step.gap)
            end += step.count * step.gap
            plain.push(...added)
            set.append(added)
          } else if (step.do === 'set') {
            const id = Math.max(first, Math.floor(step.at * end))
            if (id >= end) continue
            plain = [...new Set(step.isIn ? [...plain, id] : plain.filter((each) => each !== id))].sort((one, other) => one - other)
            set.set(id, step.isIn)
          } else {
            first = Math.max(first, Math.floor(step.at * end))
            plain = plain.filter((id) => id >= first)
            set.dropBelow(first)
          }
        }
        expect(set.count).toBe(plain.length)
        expect(set.slice(0, end)).toEqual(plain)
        for (const probe of probes) {
          const id = Math.floor(probe * (end + 2))
          expect(set.has(id)).toBe(plain.includes(id))
          expect(set.rankOf(id)).toBe(plain.filter((each) => each < id).length)
          const rank = Math.floor(probe * (plain.length + 2)) - 1
          expect(set.at(rank)).toBe(rank < 0 ? undefined : plain[rank])
        }
      }),
      { numRuns: 60 },
    )
  })
})
