import { describe, expect, test } from 'vitest'
import { Machine, MachineChanges, MachineSpec } from '#src-main/contract/machines.ts'
import {
  changesOf,
  emptyForm,
  type FormField,
  formOf,
  type MachineForm,
  problemsOf,
  specOf,
  withHostSplit,
} from '#src-renderer/features/machines/form-model.ts'

const nobody = { others: new Set<string>(), isLocal: false }
const formWith = (part: Partial<MachineForm>): MachineForm => ({ ...emptyForm, host: '10.0.0.5', ...part })
const machineWith = (part: Partial<Machine>): Machine =>
  Machine.parse({
    id: 'm-0123456789ab',
    name: 'gpu01',
    host: '10.0.0.5',
    addedAtMs: 1,
    reach: { state: 'never-tried', sinceMs: 0, code: null, message: null },
    facts: null,
    findings: [],
    clusterId: null,
    ...part,
  })

describe('what the form lets pass, the panel takes, and the other way round', () => {
  test.each<[FormField, string]>([
    ['name', 'gpu 01'],
    ['name', '-gpu'],
    ['name', 'gpu_'],
    ['name', 'g'.repeat(129)],
    ['name', 'マシン1'],
    ['name', 'ada@10.0.0.1:22'],
    ['host', '-oProxyCommand=x'],
    ['host', 'two words'],
    ['host', '[fe80::1%eth0]'],
    ['host', '2001:db8::1'],
    ['host', 'a_b'],
    ['host', 'h'.repeat(254)],
    ['user', 'DOMAIN\\ada'],
    ['user', '-ada'],
    ['user', 'ada$'],
    ['user', 'u'.repeat(65)],
    ['port', '0'],
    ['port', '65535'],
    ['port', '65536'],
    ['port', '22x'],
    ['agentPort', '70000'],
    ['agentPort', '6380'],
    ['keyFiles', '~/.ssh/a, ~/.ssh/b'],
    ['keyFiles', 'k'.repeat(1_025)],
    ['jump', Array.from({ length: 9 }, (_, index) => `hop${index}`).join()],
    ['jump', 'gateway, ada@10.0.0.1:2222'],
    ['groups', 'lab/gpu, office'],
    ['groups', 'g'.repeat(257)],
    ['tags', Array.from({ length: 65 }, (_, index) => `t${index}`).join()],
    ['tags', 't'.repeat(65)],
    ['notes', 'n'.repeat(10_001)],
    ['folder', 'f'.repeat(1_025)],
  ])('%s, value %#', (field, text) => {
    const form = formWith({ [field]: text })
    const isFine = problemsOf(form, nobody)[field] === undefined
    expect(isFine).toBe(MachineSpec.safeParse({ ...specOf(form), ...(field === 'port' && { port: Number(text) }) }).success)
  })

  test('a host is wanted, a name is not: it comes from the host', () => {
    expect(problemsOf(emptyForm, nobody)).toEqual({ host: 'hostMissing' })
    expect(specOf(formWith({ host: '[fe80::1%eth0]' })).name).toBe('fe80::1-eth0')
  })

  test('a name that another machine has is refused in any case of its letters', () => {
    expect(problemsOf(formWith({ name: 'GPU01' }), { ...nobody, others: new Set(['gpu01']) })).toEqual({ name: 'nameTaken' })
  })

  test('of the computer itself nothing is asked that only SSH needs', () => {
    expect(problemsOf({ ...emptyForm, name: 'this-computer', port: 'x' }, { ...nobody, isLocal: true })).toEqual({})
  })
})

describe('a machine that is changed', () => {
  test('is told only what somebody wrote in', () => {
    const machine = machineWith({ port: 2222, groups: ['lab'], tags: ['a100'] })
    const { changes, unset } = changesOf(machine, { ...formOf(machine), tags: 'a100, night' })
    expect(changes).toEqual({ tags: ['a100', 'night'] })
    expect(unset).toEqual([])
    expect(MachineChanges.parse(changes)).toEqual(changes)
  })

  test('leaves to ssh again what was emptied', () => {
    const machine = machineWith({ port: 2222, user: 'ada', jump: ['gateway'], folder: '/scratch' })
    const form = { ...formOf(machine), port: '', user: ' ', jump: '', folder: '' }
    expect(changesOf(machine, form)).toEqual({ changes: {}, unset: ['port', 'user', 'jump', 'folder'] })
  })

  test('goes straight there when its way is called none, which is not the same as no word', () => {
    const machine = machineWith({ jump: ['gateway'] })
    expect(changesOf(machine, { ...formOf(machine), jump: 'none' })).toEqual({ changes: { jump: [] }, unset: [] })
    expect(formOf(machineWith({ jump: [] })).jump).toBe('none')
  })

  test('keeps its ways in as they are until one is taken away or all may be tried again', () => {
    const machine = machineWith({ auth: ['key'] })
    expect(changesOf(machine, formOf(machine))).toEqual({ changes: {}, unset: [] })
    expect(changesOf(machine, { ...formOf(machine), auth: emptyForm.auth })).toEqual({ changes: {}, unset: ['auth'] })
    expect(changesOf(machineWith({}), { ...formOf(machineWith({})), auth: ['agent', 'key'] }).changes).toEqual({ auth: ['agent', 'key'] })
  })
})

test.each([
  ['ada@10.0.0.5:2222', { user: 'ada', host: '10.0.0.5', port: '2222' }],
  ['ssh ada@gpu7', { user: 'ada', host: 'gpu7', port: '' }],
  ['ssh://ada@gpu7:22/', { user: 'ada', host: 'gpu7', port: '22' }],
  ['[2001:db8::1]:2222', { user: '', host: '[2001:db8::1]', port: '2222' }],
  ['2001:db8::1', { user: '', host: '2001:db8::1', port: '' }],
  ['gpu7', { user: '', host: 'gpu7', port: '' }],
])('%s, written where the host belongs, is taken apart', (text, parts) => {
  expect(withHostSplit(formWith({ host: text }))).toMatchObject(parts)
})
