import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { ClusterError } from '../../../runtime/base/errors.ts'
import { UsageError } from '../../../runtime/cli/command.ts'
import { fileProblem } from '../../../runtime/cli/file-problem.ts'

const longestBytes = 10 * 1024 * 1024

/** A file of this computer as text; `-` is standard input. @throws UsageError when it cannot be read or is too large */
export function readText(flag: string, path: string): string {
  try {
    if (path !== '-' && statSync(path).size > longestBytes) throw new Error('it is larger than 10 MiB')
    const text = readFileSync(path === '-' ? 0 : path, 'utf8')
    if (text.length > longestBytes) throw new Error('it is larger than 10 MiB')
    return text
  } catch (error) {
    throw new UsageError(`${flag} ${path} cannot be read: ${fileProblem(error)}`)
  }
}

/** @throws ClusterError `bad-argument` */
export function writeText(flag: string, path: string, text: string): void {
  try {
    writeFileSync(path, text)
  } catch (cause) {
    throw new ClusterError('bad-argument', `${flag} ${path} cannot be written: ${fileProblem(cause)}`, { cause })
  }
}
