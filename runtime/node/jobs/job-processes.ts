import { readFileSync } from 'node:fs'

/** Of one node; those found first, the commands themselves, come first. */
const mostProcesses = 512

/**
 * Processes of commands and what they have started, breadth first. For figures: a few small files for each process, where finding all of
 * a tree for sure means reading all of /proc. What has left its parent, or was started by another thread than the first, is not found.
 */
export function withChildren(commands: readonly number[]): number[] {
  const found = new Set(commands)
  for (const pid of found) {
    if (found.size >= mostProcesses) break
    for (const child of childrenOf(pid)) found.add(child) // visited in its turn, as a set goes on with what is added
  }
  return [...found].slice(0, mostProcesses)
}

function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1')
      .split(' ')
      .map(Number)
      .filter((child) => child > 0)
  } catch {
    return [] // it ended, or the kernel was built without these files
  }
}
