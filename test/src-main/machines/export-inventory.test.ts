import { execFile, spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import * as fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import type { MachineSpec } from '#src-main/contract/machines.ts'
import { exportInventory } from '#src-main/machines/export-inventory.ts'
import { detectInventoryFormat, parseInventory } from '#src-main/machines/parse-inventory.ts'
import { readSshConfigInventory } from '#src-main/machines/ssh-config-inventory.ts'
import { anyMachines, spec } from './support.ts'

test.each([
  ['csv', 'csv'],
  ['ansible', 'ansible-yaml'],
  ['json', 'json'],
] as const)('what is exported as %s is the same machines when it is imported again', (format, importedAs) => {
  fc.assert(
    fc.property(anyMachines, (machines) => {
      const text = exportInventory(machines, format)
      if (machines.length > 0) expect(detectInventoryFormat(text.replace(/^#.*\n/, ''))).toBe(importedAs)
      const back = parseInventory(text, importedAs)
      expect(back.problems).toEqual([])
      expect(format === 'ansible' ? byName(back.machines) : back.machines).toEqual(format === 'ansible' ? byName(machines) : machines)
    }),
    { numRuns: 300 },
  )
})

/** Hosts of Ansible are a map, and its keys have no order of their own. */
const byName = (machines: readonly MachineSpec[]) => machines.toSorted((a, b) => (a.name < b.name ? -1 : 1))

test('of a machine only what its person said is exported', () => {
  const machine = { ...spec('a'), id: 'm-000000000000', facts: { hostname: 'planted' }, findings: [], clusterId: 'c-000000000000' }
  for (const format of ['csv', 'ansible', 'ssh-config', 'json'] as const) {
    expect(exportInventory([machine], format)).not.toMatch(/planted|m-0000|c-0000|facts/)
  }
})

test('a cell that a spreadsheet would take for a formula begins with an apostrophe', () => {
  const text = exportInventory([spec('a', { notes: '=HYPERLINK("http://x")' })], 'csv')
  expect(text).toContain(`"'=HYPERLINK`)
})

const noSsh = spawnSync('ssh', ['-V']).status === 0 ? '' : ' (needs ssh)'

test.skipIf(noSsh !== '')(`ssh itself understands the ssh config${noSsh}`, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'shoal-export-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const file = join(folder, 'config')
  const machines = [
    spec('gpu1', { host: '10.0.0.1', port: 2_222, user: 'ada', keyFiles: ['/keys/a b', '/keys/100%'], jump: ['me@gate:23', 'gpu2'] }),
    spec('gpu2', { host: 'fe80::2%eth0', jump: [] }),
    spec('gpu3', { host: 'c.lab', jump: ['fe80::9'] }),
  ]
  await writeFile(file, exportInventory(machines, 'ssh-config'))
  const asked = async (name: string) => {
    const { stdout } = await promisify(execFile)('ssh', ['-G', '-F', file, name])
    const lines = stdout.split('\n')
    return (key: string) => lines.filter((line) => line.startsWith(`${key} `)).map((line) => line.slice(key.length + 1))
  }
  const first = await asked('gpu1')
  expect([first('hostname'), first('port'), first('user'), first('proxyjump')]).toEqual([
    ['10.0.0.1'],
    ['2222'],
    ['ada'],
    ['me@gate:23,gpu2'],
  ])
  expect(first('identityfile').map((path) => path.replaceAll('"', ''))).toEqual(['/keys/a b', '/keys/100%%'])
  const second = await asked('gpu2')
  expect([second('hostname'), second('proxyjump')]).toEqual([['fe80::2%eth0'], []])
  expect((await asked('gpu3'))('proxyjump')).toEqual(['[fe80::9]'])
  expect((await readSshConfigInventory(file)).machines.map(({ name, host }) => [name, host])).toEqual([
    ['gpu1', 'gpu1'],
    ['gpu2', 'gpu2'],
    ['gpu3', 'gpu3'],
  ])
})
