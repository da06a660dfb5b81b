import { closeSync, fstatSync, openSync, readSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { noJobId, type OutputStream, workerLogName } from '../../protocol/log-names.ts'

const streams = ['out', 'err'] as const
const lastLineCount = 20
const tailBytes = 64 * 1_024
const longestLine = 2_048

/**
 * The two files that one worker process writes to by itself, standard output and standard error apart, as Ray's clients ask for them.
 * They are opened for appending and handed over as descriptors, so that the worker goes on writing when we die. They get their whole
 * name as its parts become known: the pid, then the job; a rename leaves the descriptors alone.
 */
export class WorkerOutput {
  readonly #folder: string
  readonly #workerId: string
  #pid = 0
  #jobId = noJobId
  #names: Readonly<Record<OutputStream, string>>
  #open: readonly [number, number] | undefined

  /** @throws when the folder cannot be written. */
  constructor(folder: string, workerId: string) {
    this.#folder = folder
    this.#workerId = workerId
    this.#names = { out: `.worker-${workerId}-starting.out`, err: `.worker-${workerId}-starting.err` }
    this.#open = [this.#openFile('out'), this.#openFile('err')]
  }

  /** For `stdio` of the process, until `started`. */
  get descriptors(): readonly [number, number] {
    return this.#open ?? [-1, -1]
  }
  /** Names of both files in the folder. */
  get names(): readonly string[] {
    return streams.map((stream) => this.#names[stream])
  }

  /** Closes our descriptors; the process has its own. */
  started(pid: number): void {
    for (const fd of this.#open ?? []) closeSync(fd)
    this.#open = undefined
    this.#pid = pid
    this.#rename()
  }

  /** The one job of its life. */
  serve(jobId: string): void {
    if (this.#jobId === jobId) return
    this.#jobId = jobId
    this.#rename()
  }

  /** The last lines of both, those of standard error last: a crash tells of itself there. Each cut to what an exit may carry. */
  lastLines(): string[] {
    const err = readLastLines(join(this.#folder, this.#names.err))
    const out = readLastLines(join(this.#folder, this.#names.out))
    const shownErr = err.slice(-Math.max(lastLineCount / 2, lastLineCount - out.length))
    return [...out.slice(-(lastLineCount - shownErr.length)), ...shownErr].slice(-lastLineCount)
  }

  #openFile(stream: OutputStream): number {
    return openSync(join(this.#folder, this.#names[stream]), 'a', 0o600)
  }

  #rename(): void {
    const worker = { workerId: this.#workerId, jobId: this.#jobId, pid: this.#pid }
    const names = { out: workerLogName(worker, 'out'), err: workerLogName(worker, 'err') }
    for (const stream of streams) {
      try {
        renameSync(join(this.#folder, this.#names[stream]), join(this.#folder, names[stream]))
      } catch {
        // somebody removed it: what is written still goes nowhere else
      }
    }
    this.#names = names
  }
}

/** The last lines of a file, oldest first. */
function readLastLines(path: string): string[] {
  try {
    const file = openSync(path, 'r')
    try {
      const { size } = fstatSync(file)
      const bytes = Buffer.alloc(Math.min(size, tailBytes))
      readSync(file, bytes, 0, bytes.length, size - bytes.length)
      const lines = bytes.toString('utf8').split('\n')
      return lines
        .filter((line) => line.trim() !== '')
        .slice(-lastLineCount)
        .map((line) => line.slice(0, longestLine))
    } finally {
      closeSync(file)
    }
  } catch {
    return [] // removed by somebody: the exit says the rest
  }
}
