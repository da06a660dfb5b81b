import { appendFileSync, renameSync, statSync } from 'node:fs'

const maxBytes = 1024 * 1024

/** Appends lines to a file of this user alone; when it is large it becomes `<name>.1`, and that one is lost. */
export function createLogFile(path: string): (line: string) => void {
  let size = sizeOf(path)
  return (line) => {
    const text = line.endsWith('\n') ? line : `${line}\n`
    try {
      if (size > maxBytes) {
        renameSync(path, `${path}.1`)
        size = 0
      }
      appendFileSync(path, text, { mode: 0o600 })
      size += Buffer.byteLength(text)
    } catch {
      // a disk that is full, or a folder that is gone, must not end the app for a line of its log
    }
  }
}

function sizeOf(path: string): number {
  try {
    return statSync(path).size
  } catch {
    return 0 // there is none yet
  }
}
