import type { Machine, MachineFacts } from '../../contract/machines.ts'
import { exitCodes } from '../exit-codes.ts'
import type { PanelSubcommand } from '../noun.ts'
import { jsonFlag } from '../panel-flags.ts'
import { durationText, sizeText } from '../words/amounts.ts'
import { onlyWord } from '../words/lists.ts'
import { plainText } from '../../../runtime/cli/state/print-rows.ts'
import { printJson } from '../words/print.ts'
import { findingLines } from './finding-lines.ts'
import { gpuText, placeText, systemText } from './machine-words.ts'

export const showMachine: PanelSubcommand = {
  name: 'show',
  summary: 'all that is known of a machine',
  usage: ['shoal machine show NAME'],
  flags: { 'all-findings': { help: 'also what is as it should be' }, ...jsonFlag },
  prepare({ values, words }) {
    const name = onlyWord('machine show', 'the name of a machine', words)
    return async ({ panel, terminal }) => {
      const machine = await panel.call('machines.get', { machine: name })
      if (terminal.isJson) printJson(terminal, machine)
      else terminal.print(machineText(machine, { nowMs: Date.now(), withAll: values.has('all-findings') }))
      return exitCodes.ok
    }
  },
}

/** Pure. */
export function machineText(machine: Machine, { nowMs, withAll }: { nowMs: number; withAll: boolean }): string {
  const { reach, facts } = machine
  const rows: [string, string][] = [
    ['Where', placeText(machine)],
    ['Id', machine.id],
    ['State', `${reach.state}, for ${durationText(nowMs - reach.sinceMs)}${reach.message === null ? '' : `: ${reach.message}`}`],
    ['Way there', machine.jump === undefined ? '' : machine.jump.length === 0 ? 'straight' : machine.jump.join(' → ')],
    ['Keys', (machine.keyFiles ?? []).join(', ')],
    ['Ways in', (machine.auth ?? []).join(', ')],
    ['Groups', machine.groups.join(', ')],
    ['Tags', machine.tags.join(', ')],
    ['Folder', machine.folder ?? ''],
    ['Address for others', machine.nodeIp ?? ''],
    ['Agent port', String(machine.agentPort ?? '')],
    ['Cluster', machine.clusterId ?? ''],
    ['Notes', machine.notes],
    ...(facts ? factRows(facts, nowMs) : []),
  ]
  const known = rows.filter(([, value]) => value !== '').map(([title, value]) => `  ${title.padEnd(20)}${plainText(value)}`)
  const findings = findingLines(machine.findings, { withAll })
  return [plainText(machine.name), ...known, ...(findings.length > 0 ? ['', 'Findings', ...findings] : [])].join('\n')
}

function factRows(facts: MachineFacts, nowMs: number): [string, string][] {
  const { folder, shm, python, ray } = facts
  return [
    ['Last looked at', `${durationText(nowMs - facts.probedAtMs)} ago`],
    ['System', `${systemText(facts)}, ${facts.kernel}`],
    ['CPUs', String(facts.cpus)],
    ['Memory', `${sizeText(facts.memoryBytes)}, ${sizeText(facts.memoryAvailableBytes)} available`],
    ['GPUs', facts.gpus.length === 0 ? '' : `${gpuText(facts)}${facts.gpuDriver === null ? '' : `, driver ${facts.gpuDriver}`}`],
    ['Disk', `${sizeText(folder.freeBytes)} free in ${folder.path} (${folder.fileSystem})`],
    ['Shared memory', shm.exists ? `${sizeText(shm.freeBytes)} free of ${sizeText(shm.sizeBytes)}` : 'no /dev/shm'],
    ['Addresses', facts.addresses.map(({ address, device }) => `${address} (${device})`).join(', ')],
    ['Python', python ? `${python.version}, ${python.path}` : ''],
    ['Ray', ray ? `${ray.version ?? 'of an unknown version'}${ray.isRunning ? ', running' : ''}` : ''],
    ['Leftovers of ours', facts.leftovers.length === 0 ? '' : `${facts.leftovers.length}; see shoal machine leftovers`],
  ]
}
