import type { CommandEntry } from './command.ts'

/** Every command, in the order of the help. A command's code is loaded when it is called. */
export const commands: readonly CommandEntry[] = [
  {
    name: 'start',
    part: 'node',
    summary: 'start a head, or join this machine to a cluster',
    load: async () => (await import('./start.ts')).start,
  },
  { name: 'stop', part: 'node', summary: 'end what was started on this machine', load: async () => (await import('./stop.ts')).stop },
  {
    name: 'run',
    part: 'node',
    summary: 'run a program on this runtime',
    load: async () => (await import('./run.ts')).run,
    takesProgram: true,
  },
  {
    name: 'job',
    part: 'api',
    summary: 'submit commands as jobs: submit, list, status, logs, stop, delete',
    load: async () => (await import('./job/job.ts')).job,
    takesProgram: true,
    isNoun: true,
  },
  {
    name: 'logs',
    part: 'api',
    summary: 'list, print, follow and search logs of nodes, workers, actors, tasks and jobs',
    load: async () => (await import('./logs.ts')).logs,
  },
  {
    name: 'list',
    part: 'api',
    summary: 'tasks, actors, objects, workers, nodes, jobs, …',
    load: async () => (await import('./list.ts')).list,
    takesProgram: true,
    ownsWords: true,
  },
  {
    name: 'get',
    part: 'api',
    summary: 'everything known of one of them',
    load: async () => (await import('./get.ts')).get,
    takesProgram: true,
    ownsWords: true,
  },
  {
    name: 'summary',
    part: 'api',
    summary: 'counts of tasks, actors or objects',
    load: async () => (await import('./summary.ts')).summary,
    takesProgram: true,
    ownsWords: true,
  },
  {
    name: 'status',
    part: 'node',
    summary: 'nodes, resources and what waits for them',
    load: async () => (await import('./status.ts')).status,
  },
  { name: 'why', part: 'api', summary: 'why something waits, node by node', load: async () => (await import('./control.ts')).why },
  { name: 'cancel', part: 'api', summary: 'cancel a task', load: async () => (await import('./control.ts')).cancel },
  { name: 'kill', part: 'api', summary: 'kill an actor, or end a worker', load: async () => (await import('./control.ts')).kill },
  { name: 'drain', part: 'api', summary: 'let a node finish and leave', load: async () => (await import('./control.ts')).drain },
  {
    name: 'token',
    part: 'node',
    summary: 'print the secret with which machines join',
    load: async () => (await import('./token.ts')).token,
  },
  {
    name: 'timeline',
    part: 'node',
    summary: 'write what ran where and when as a trace',
    load: async () => (await import('./timeline.ts')).timeline,
  },
]
