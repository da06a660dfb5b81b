import { readdirSync, readFileSync } from 'node:fs'

/** Pids of processes that have something of a folder in their command line. */
export const pidsOf = (folder: string): number[] => Object.keys(commandsOf(folder)).map(Number)

/** The same, with the words of each. */
export function commandsOf(folder: string): Record<number, readonly string[]> {
  const found = readdirSync('/proc').flatMap((name): [number, readonly string[]][] => {
    try {
      const command = /^\d+$/.test(name) ? readFileSync(`/proc/${name}/cmdline`, 'utf8') : ''
      return command.includes(folder) ? [[Number(name), command.split('\0')]] : []
    } catch {
      return [] // it has ended
    }
  })
  return Object.fromEntries(found)
}
