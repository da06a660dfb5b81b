import { expect, test } from 'vitest'
import { Machine, type MachineSpec } from '#src-main/contract/machines.ts'
import { parseInventory } from '#src-main/machines/parse-inventory.ts'
import { newSpecs, placeOf, standingsOf } from '#src-renderer/entities/host-standing.ts'

const known = (name: string, part: object = {}) =>
  Machine.parse({
    id: 'm-0123456789ab',
    name,
    host: name,
    addedAtMs: 1,
    reach: { state: 'never-tried', sinceMs: 0, code: null, message: null },
    facts: null,
    findings: [],
    clusterId: null,
    ...part,
  })
const pasted = (text: string): readonly MachineSpec[] => parseInventory(text).machines
const kinds = (text: string, ...machines: Machine[]) =>
  standingsOf(pasted(text), machines).map(({ spec, standing }) => [spec.name, standing.kind])

test('a host at the place of a known machine is that machine, whatever either is called', () => {
  const machines = [known('big', { host: '10.0.0.1', user: 'ada' }), known('other', { host: '10.0.0.2', port: 2_222 })]
  expect(kinds('10.0.0.1\nbob@10.0.0.1 name=bobs\n10.0.0.2\n10.0.0.2:2222 name=second\n10.0.0.1:22 name=third', ...machines)).toEqual([
    ['10.0.0.1', 'known'],
    ['bobs', 'new'],
    ['10.0.0.2', 'new'],
    ['second', 'known'],
    ['third', 'known'],
  ])
})

test('a host that is pasted twice comes on the list once', () => {
  expect(kinds('ada@10.0.0.1\n10.0.0.1\nbob@10.0.0.1 name=bobs\nada@10.0.0.1:2222 name=second')).toEqual([
    ['10.0.0.1', 'new'],
    ['10.0.0.1:22', 'twice'],
    ['bobs', 'new'],
    ['second', 'new'],
  ])
  expect(standingsOf(pasted('ada@10.0.0.1\n10.0.0.1 name=again'), [])[1]?.standing).toEqual({ kind: 'twice', first: '10.0.0.1' })
})

test('one address behind two jump hosts is two machines, pasted or known', () => {
  const machine = known('first', { host: '10.0.0.1', jump: ['a'] })
  expect(kinds('10.0.0.1 jump=a name=second\n10.0.0.1 jump=b name=third\n10.0.0.1 jump=c name=fourth', machine)).toEqual([
    ['second', 'known'],
    ['third', 'new'],
    ['fourth', 'new'],
  ])
})

test('a known machine behind a jump host is named by its name alone', () => {
  const machine = known('gpu1', { jump: ['gateway'] })
  expect(kinds('gpu1', machine)).toEqual([['gpu1', 'known']])
  expect(kinds('gpu1 jump=other', machine)).toEqual([['gpu1', 'taken']])
})

test('a name that another machine has is not taken from it, in any case of its letters, nor from the computer itself', () => {
  expect(kinds('ada@10.0.0.9 name=GPU1', known('gpu1', { host: '10.0.0.1' }))).toEqual([['GPU1', 'taken']])
  expect(kinds('10.0.0.1 name=here', known('here', { host: '10.0.0.1', via: 'local' }))).toEqual([['here', 'taken']])
})

test('a machine of a cluster cannot be had a second time', () => {
  const [host] = standingsOf(pasted('gpu1'), [known('gpu1', { clusterId: 'c-00000000000a' })])
  expect(host?.standing).toMatchObject({ kind: 'elsewhere', clusterId: 'c-00000000000a' })
})

test('what is said for all new ones fills in what a line leaves open, and nothing else', () => {
  const hosts = standingsOf(pasted('gpu1\nbob@gpu2\ngpu3 key=/keys/own\ngpu4\ngpu1 name=again'), [known('gpu4')])
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
