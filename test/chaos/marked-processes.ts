import { readdirSync, readFileSync } from 'node:fs'

/** What runs now with this setting in its environment, ourselves left out: pid and command, for a message that helps. */
export function markedProcesses(marker: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      try {
        if (!readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(marker)) return []
        return [`${pid} ${readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0').join(' ').slice(0, 200)}`]
      } catch {
        return [] // it ended meanwhile, or is not ours
      }
    })
}
