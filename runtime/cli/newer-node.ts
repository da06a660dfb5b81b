import type { CommandEntry } from './command.ts'
import { become } from './run.ts'
import { isNewEnough, runtimeNode } from '../session/daemon.ts'

/**
 * The same command where this Node has what the panel needs (`node:sqlite` above all), and else the whole command line again on the Node that was installed
 * beside us. The panel's code must not be loaded before.
 */
export function onNewerNode(entry: CommandEntry): CommandEntry {
  if (isNewEnough()) return entry
  return {
    ...entry,
    async load() {
      const ourStart = process.argv.slice(1)
      return process.exit(await become(runtimeNode(), ourStart))
    },
  }
}
