import type { CommandEntry } from './command.ts'

/**
 * The same command where this Node has what the panel needs (`node:sqlite` above all), and else the whole command line again on the Node that was installed
 * beside us. The panel's code must not be loaded before.
 */
export function onNewerNode(entry: CommandEntry): CommandEntry {
  return {
    ...entry,
    async load() {
      const { isNewEnough, runtimeNode } = await import('../session/daemon.ts')
      if (isNewEnough()) return entry.load()
      const { become } = await import('./run.ts')
      return process.exit(await become(runtimeNode(), process.argv.slice(1)))
    },
  }
}
