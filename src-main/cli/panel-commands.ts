import type { CommandEntry } from '../../runtime/cli/command.ts'

/** What works on machines from this computer, in the order of the help. A command's code is loaded when it is called. */
export const panelCommands: readonly CommandEntry[] = [
  {
    name: 'try',
    part: 'panel',
    summary: 'a cluster on this computer, with sample jobs: no other machine needed',
    load: async () => (await import('./try.ts')).tryCommand,
  },
  {
    name: 'machine',
    part: 'panel',
    summary: 'the machines you reach over SSH: add, check, exec, shell, …',
    load: async () => (await import('./machine/machine.ts')).machine,
    takesProgram: true,
    ownsWords: true,
    isNoun: true,
  },
  {
    name: 'cluster',
    part: 'panel',
    summary: 'make them one cluster: create, add, drain, remove, upgrade, down, …',
    load: async () => (await import('./cluster/cluster.ts')).cluster,
    takesProgram: true,
    ownsWords: true,
    isNoun: true,
  },
  {
    name: 'panel',
    part: 'panel',
    summary: 'the same in the browser: serve it on this computer',
    load: async () => (await import('./panel.ts')).panelCommand,
  },
]
