import { readFileSync, statSync } from 'node:fs'
import { toError } from '../../../runtime/base/errors.ts'
import { UsageError } from '../../../runtime/cli/command.ts'

const longestBytes = 10 * 1024 * 1024

/** A file of this computer as text; `-` is standard input. @throws UsageError when it cannot be read or is too large */
export function readText(flag: string, path: string): string {
  try {
    if (path !== '-' && statSync(path).size > longestBytes) throw new Error('it is larger than 10 MiB')
    const text = readFileSync(path === '-' ? 0 : path, 'utf8')
    if (text.length > longestBytes) throw new Error('it is larger than 10 MiB')
    return text
  } catch (error) {
    throw new UsageError(`${flag} ${path} cannot be read: ${toError(error).message}`)
  }
}
