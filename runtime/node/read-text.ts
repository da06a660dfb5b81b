import { readFileSync } from 'node:fs'

/** The whole of a small file, such as those of the kernel; empty where it is not on this system, or gone. */
export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
