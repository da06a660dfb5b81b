import { expect, test } from 'vitest'
import { shownInMatrix, summariseReach, wayOf, wholeUpTo } from '#src-renderer/entities/reach-model.ts'
import { checkedMachine, waysBetween } from '../features/clusters/builders.ts'

const machines = Array.from({ length: wholeUpTo + 10 }, (_, index) => checkedMachine(`n${index}`))
const idOf = (name: string) => machines.find((machine) => machine.name === name)?.id ?? ''

test('ways are counted by how they are, and each is found by its two ends', () => {
  const few = machines.slice(0, 3)
  const summary = summariseReach(waysBetween(few, { 'n0 n1': 'blocked', 'n2 n0': 'refused' }))
  expect(summary.counts).toEqual({ open: 4, refused: 1, blocked: 1, 'not-tested': 0 })
  expect(summary.byWay.get(wayOf(idOf('n0'), idOf('n1')))?.verdict).toBe('blocked')
  expect(summary.byWay.get(wayOf(idOf('n1'), idOf('n0')))?.verdict).toBe('open')
  expect([...summary.troubled].sort()).toEqual([idOf('n0'), idOf('n1')].sort())
})

test('of a few machines all are shown, of many those with a way that is not there', () => {
  const ids = machines.map(({ id }) => id)
  const few = machines.slice(0, wholeUpTo)
  expect(
    shownInMatrix(
      few.map(({ id }) => id),
      summariseReach(waysBetween(few)),
    ),
  ).toHaveLength(wholeUpTo)
  expect(shownInMatrix(ids, summariseReach(waysBetween(machines)))).toEqual([])
  const withTrouble = summariseReach(waysBetween(machines, { 'n7 n3': 'not-tested' }))
  expect(shownInMatrix(ids, withTrouble)).toEqual([idOf('n3'), idOf('n7')])
})
