import { expect, test } from 'vitest'
import type { MachineSpec } from '#src-main/contract/machines.ts'
import { newSpecs, placeOf, standingsOf } from '#src-renderer/features/clusters/host-standing.ts'
import { parseInventory } from '#src-main/machines/parse-inventory.ts'
import { machineOf } from './builders.ts'

const pasted = (text: string): readonly MachineSpec[] => parseInventory(text).machines
const kinds = (text: string, known: readonly ReturnType<typeof machineOf>[]) =>
  standingsOf(pasted(text), known).map(({ spec, standing }) => [spec.name, standing.kind])

test('a host at the place of a known machine is that machine, whatever either is called', () => {
  const known = [machineOf('big', { host: '10.0.0.1', user: 'ada' }), machineOf('other', { host: '10.0.0.2', port: 2_222 })]
  expect(kinds('10.0.0.1\nbob@10.0.0.1 name=bobs\n10.0.0.2\n10.0.0.2:2222 name=second', known)).toEqual([
    ['10.0.0.1', 'known'],
    ['bobs', 'new'],
    ['10.0.0.2', 'new'],
    ['second', 'known'],
  ])
})

test('a host that is pasted twice comes on the list once', () => {
  expect(kinds('ada@10.0.0.1\n10.0.0.1\nbob@10.0.0.1 name=bobs\nada@10.0.0.1:2222 name=second', [])).toEqual([
    ['10.0.0.1', 'new'],
    ['10.0.0.1:22', 'twice'],
    ['bobs', 'new'],
    ['second', 'new'],
  ])
})

test('a name that another machine has is not taken from it, in any case of its letters', () => {
  expect(kinds('ada@10.0.0.9 name=GPU1', [machineOf('gpu1', { host: '10.0.0.1' })])).toEqual([['GPU1', 'taken']])
})

test('a machine of a cluster cannot be had a second time', () => {
  const [host] = standingsOf(pasted('gpu1'), [machineOf('gpu1', { clusterId: 'c-00000000000a' })])
  expect(host?.standing).toMatchObject({ kind: 'elsewhere', clusterId: 'c-00000000000a' })
})

test('what is said for all new ones fills in what a line leaves open, and nothing else', () => {
  const hosts = standingsOf(pasted('gpu1\nbob@gpu2\ngpu3 key=/keys/own\ngpu4'), [machineOf('gpu4')])
  expect(newSpecs(hosts, { user: 'ada', keyFile: '/keys/lab' }).map(({ name, user, keyFiles }) => [name, user, keyFiles])).toEqual([
    ['gpu1', 'ada', ['/keys/lab']],
    ['gpu2', 'bob', ['/keys/lab']],
    ['gpu3', 'ada', ['/keys/own']],
  ])
  expect(newSpecs(hosts, { user: '', keyFile: '' }).map(({ user, keyFiles }) => [user, keyFiles])[0]).toEqual([undefined, undefined])
})

test.each([
  [{ host: 'gpu1' }, 'gpu1'],
  [{ host: '10.0.0.1', port: 2_222, user: 'ada' }, 'ada@10.0.0.1:2222'],
  [{ host: 'fe80::1', port: 22 }, '[fe80::1]:22'],
])('a place is written as ssh takes it: %j', (place, text) => {
  expect(placeOf(place)).toBe(text)
})
