import type { Command } from './command.ts'

type Entry = {
  readonly name: string
  readonly summary: string
  readonly load: () => Promise<Command>
  /** The first word after its flags names a program, and what follows that is the program's. */
  readonly takesProgram?: true
}

/** Every command, in the order of the help. A command's code is loaded when it is called. */
export const commands: readonly Entry[] = [
  { name: 'start', summary: 'start a head, or join this machine to a cluster', load: async () => (await import('./start.ts')).start },
  { name: 'stop', summary: 'end what was started on this machine', load: async () => (await import('./stop.ts')).stop },
  { name: 'run', summary: 'run a program on this runtime', load: async () => (await import('./run.ts')).run, takesProgram: true },
  { name: 'status', summary: 'nodes, resources and what waits for them', load: async () => (await import('./status.ts')).status },
  { name: 'token', summary: 'print the secret with which machines join', load: async () => (await import('./token.ts')).token },
  { name: 'timeline', summary: 'write what ran where and when as a trace', load: async () => (await import('./timeline.ts')).timeline },
]
