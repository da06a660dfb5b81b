import { expect, test } from 'vitest'
import { Machine, MachineSpec } from '#src-main/contract/machines.ts'
import { standingsOf } from '#src-renderer/entities/host-standing.ts'

const known = (part: object) =>
  Machine.parse({
    id: 'm-0123456789ab',
    name: 'gpu01',
    host: '10.0.0.1',
    addedAtMs: 1,
    reach: { state: 'never-tried', sinceMs: 0, code: null, message: null },
    facts: null,
    findings: [],
    clusterId: null,
    ...part,
  })
const standing = (spec: object, ...machines: Machine[]) =>
  standingsOf([MachineSpec.parse({ name: 'new', host: '10.0.0.1', ...spec })], machines)[0]?.standing.kind

test('a host is known when it is reached as one that is there', () => {
  expect(standing({}, known({}))).toBe('known')
  expect(standing({ user: 'ada', port: 22 }, known({}))).toBe('known')
  expect(standing({ port: 2222 }, known({}))).toBe('new')
  expect(standing({ user: 'bob' }, known({ user: 'ada' }))).toBe('new')
  expect(standing({}, known({ clusterId: 'c-0123456789ab' }))).toBe('elsewhere')
})

test('one address behind two jump hosts is two machines', () => {
  expect(standing({ jump: ['b'] }, known({ jump: ['a'] }))).toBe('new')
  expect(standing({ jump: ['a'] }, known({ jump: ['a'] }))).toBe('known')
})

test('a name that stands for another machine is taken in any case of its letters, also by the computer itself', () => {
  expect(standing({ name: 'GPU01', host: '10.0.0.9' }, known({}))).toBe('taken')
  expect(standing({ name: 'gpu01' }, known({ via: 'local' }))).toBe('taken')
})
