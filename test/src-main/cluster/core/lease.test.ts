import { expect, test } from 'vitest'
import { decideLease, type Lease, type Seen, type Wish } from '#src-main/cluster/core/lease.ts'

const ttlS = 30
const nowS = 1_000_000
const of = (holderId: string, expiresS: number, generation = 4): Lease => ({
  generation,
  holderId,
  label: holderId,
  sinceS: nowS - 100,
  expiresS,
})
const decide = (wish: Wish, lease: Lease | null) => decideLease({ nowS, lease } satisfies Seen, { wish, holderId: 'me', ttlS })

test('who comes first, or after one that ran out or was given back, may have it', () => {
  const fresh = { do: 'claim', sinceS: nowS, expiresS: nowS + 30 }
  expect(decide('acquire', null)).toEqual({ ...fresh, after: 0 })
  expect(decide('acquire', of('other', nowS))).toEqual({ ...fresh, after: 4 })
  expect(decide('acquire', of('other', 0))).toEqual({ ...fresh, after: 4 })
})

test('while another holds it, it is refused, and only taking over gets it', () => {
  const lease = of('other', nowS + 1)
  expect(decide('acquire', lease)).toEqual({ do: 'refuse', holder: lease })
  expect(decide('renew', lease)).toEqual({ do: 'refuse', holder: lease })
  expect(decide('take-over', lease)).toEqual({ do: 'claim', after: 4, sinceS: nowS, expiresS: nowS + 30 })
  expect(decide('release', lease)).toEqual({ do: 'nothing' })
})

test('what I have I keep, with the time since which I have it, even when it ran out and nobody came', () => {
  expect(decide('renew', of('me', nowS + 20))).toEqual({ do: 'claim', after: 4, sinceS: nowS - 100, expiresS: nowS + 30 })
  expect(decide('renew', of('me', nowS - 20))).toEqual({ do: 'claim', after: 4, sinceS: nowS - 100, expiresS: nowS + 30 })
  expect(decide('release', of('me', nowS + 20))).toEqual({ do: 'claim', after: 4, sinceS: nowS - 100, expiresS: 0 })
  expect(decide('release', of('me', 0))).toEqual({ do: 'nothing' })
})

test('a lease from before the clock was set back by an hour stops nobody for an hour', () => {
  expect(decide('acquire', of('other', nowS + 3_600))).toMatchObject({ do: 'claim' })
})
