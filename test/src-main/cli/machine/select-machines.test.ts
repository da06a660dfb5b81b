import { expect, test } from 'vitest'
import { getMachine, type Selection, selectMachines } from '#src-main/cli/machine/select-machines.ts'
import { aMachine, idOf } from '../builders.ts'

const machines = [
  aMachine('gpu01', { groups: ['lab/gpu'], tags: ['big'] }),
  aMachine('gpu02', { groups: ['lab/gpu'], tags: [] }),
  aMachine('desk.home', { groups: ['home'], tags: ['big'] }),
]
const nothing: Selection = { names: [], groups: [], tags: [], isAll: false }
const chosen = (selection: Partial<Selection>) => selectMachines(machines, { ...nothing, ...selection }).map(({ name }) => name)

test('names in any case, ids and patterns choose machines, each once, in the order of the words', () => {
  expect(chosen({ names: ['GPU02', 'gpu*', idOf('desk.home')] })).toEqual(['gpu02', 'gpu01', 'desk.home'])
  expect(chosen({ names: ['*home'] })).toEqual(['desk.home'])
})

test('a dot of a name stands for a dot alone', () => {
  expect(() => chosen({ names: ['deskxhome'] })).toThrow('there is no machine deskxhome; did you mean desk.home?')
})

test('a group holds the groups below it, and groups and tags together narrow the choice', () => {
  expect(chosen({ groups: ['lab'] })).toEqual(['gpu01', 'gpu02'])
  expect(chosen({ groups: ['lab', 'home'], tags: ['big'] })).toEqual(['gpu01', 'desk.home'])
  expect(() => chosen({ groups: ['la'] })).toThrow('there is no machine in group la')
  expect(() => chosen({ groups: ['lab/gp'] })).toThrow('did you mean lab/gpu?')
})

test('what matches none is refused with what may have been meant', () => {
  expect(() => chosen({ names: ['gpu1'] })).toThrow('there is no machine gpu1; did you mean gpu01?')
  expect(() => chosen({ names: ['cpu*'] })).toThrow('there is no machine like cpu*')
  expect(() => selectMachines([], { ...nothing, isAll: true })).toThrow('shoal machine add')
  expect(() => selectMachines(machines, { ...nothing, names: ['x'] }, ' in prod')).toThrow('there is no machine x in prod')
})

test('where one machine is wanted a pattern for several is refused', () => {
  expect(getMachine(machines, 'gpu02').name).toBe('gpu02')
  expect(() => getMachine(machines, 'gpu*')).toThrow('gpu* stands for 2 machines')
})
