import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { longestJobMessage } from '../../protocol/jobs.ts'
import { jobLogName } from '../../protocol/log-names.ts'

const tailLines = 10
const tailBytes = 4 * longestJobMessage

/** The log of one run: our own words first, then all that the command writes. 0600. */
export class JobLog {
  readonly path: string
  readonly #file: number
  #isClosed = false

  /** Begins it anew. @throws when the disk does not take it. */
  constructor(logDir: string, submissionId: string) {
    this.path = join(logDir, jobLogName(submissionId))
    closeSync(openSync(this.path, 'w', 0o600))
    this.#file = openSync(this.path, 'a', 0o600) // appended, as the command writes into it at the same time
  }

  /** For the command's own output. */
  get file(): number {
    return this.#file
  }

  /** A line of the supervisor. What a full disk does not take is lost. */
  say(text: string, level: 'INFO' | 'ERROR' = 'INFO'): void {
    if (this.#isClosed) return
    try {
      writeSync(this.#file, `${localTime()}\t${level} job supervisor -- ${text}\n`)
    } catch {
      // a full disk: the job's own lines are lost too, and its exit still tells
    }
  }

  /** A line of an installer, as it came. */
  pass(line: string): void {
    if (this.#isClosed) return
    try {
      writeSync(this.#file, `${line}\n`)
    } catch {
      // as above
    }
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    closeSync(this.#file)
  }

  /** The last lines, at most 20,000 characters. */
  tail(): string {
    return readTail(this.path)
  }
}

function readTail(path: string): string {
  try {
    const file = openSync(path, 'r')
    try {
      const { size } = fstatSync(file)
      const bytes = Buffer.alloc(Math.min(size, tailBytes))
      readSync(file, bytes, 0, bytes.length, size - bytes.length)
      const lines = bytes.toString('utf8').split('\n')
      if (lines.at(-1) === '') lines.pop()
      return lines.slice(-tailLines).join('\n').slice(-longestJobMessage)
    } finally {
      closeSync(file)
    }
  } catch {
    return '' // removed by somebody
  }
}

/** `2026-01-31 09:05:00,123` by the clock of this machine. */
function localTime(): string {
  const now = new Date()
  const local = new Date(now.getTime() - now.getTimezoneOffset() * 60_000)
  return local.toISOString().replace('T', ' ').replace('.', ',').replace('Z', '')
}
