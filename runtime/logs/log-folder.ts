import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, realpathSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import { ClusterError } from '../base/errors.ts'
import { checkLogName, isLogName, noJobId, parseWorkerLogName, workerLogName } from '../protocol/log-names.ts'
import type { LogFile, LogsListReply } from '../protocol/logs.ts'
import { isRelativeGlob, matchGlob } from './glob.ts'
import { KeptRanges } from './kept-ranges.ts'

export type OpenLog = { readonly fd: number; readonly name: string; readonly stats: Stats }
export type ListOptions = { readonly glob: string; readonly after: string; readonly maxFiles: number }

const entriesAtMost = 50_000
const foldersAtMost = 1_000
const deepest = 4

/** The log files below one folder. No name leads out of it, and no link is followed: what is not a regular file is not there. */
export class LogFolder {
  readonly path: string
  readonly kept = new KeptRanges()
  #realPath: string | undefined

  constructor(path: string) {
    this.path = path
  }

  /**
   * Opens a file to read. Whoever calls closes `fd`. The log of a worker is found under the name it had before its job was known, too.
   * @throws ClusterError `not-found`, `bad-argument` for what is no name of a log file.
   */
  open(name: string, flags: number = constants.O_RDONLY): OpenLog {
    checkLogName(name)
    const opened = this.#open(name, flags) ?? this.#openRenamed(name, flags)
    if (opened !== undefined) return opened
    throw new ClusterError('not-found', `there is no log file ${JSON.stringify(name)} here; list the logs of the node to see what there is`)
  }

  /** Runs `use` with the open file, and closes it. @throws as `open` */
  async with<T>(name: string, use: (log: OpenLog) => T | Promise<T>): Promise<T> {
    const log = this.open(name)
    try {
      return await use(log)
    } finally {
      closeSync(log.fd)
    }
  }

  firstOffset({ fd, stats }: OpenLog): number {
    return this.kept.firstOffset(fd, stats)
  }

  /** One page of the files that fit, in order of name. @throws ClusterError `bad-argument` for a glob that leads out. */
  list({ glob, after, maxFiles }: ListOptions): LogsListReply {
    const { files, folders } = this.walk(glob)
    const page: LogFile[] = []
    for (const name of files) {
      if (name <= after) continue
      if (page.length === maxFiles) return { files: page, folders: firstPageOnly(after, folders), next: page.at(-1)?.name ?? null }
      const file = this.find(name)
      if (file !== undefined) page.push(file)
    }
    return { files: page, folders: firstPageOnly(after, folders), next: null }
  }

  /** Facts of a file; undefined when it went meanwhile, or is no file. */
  find(name: string): LogFile | undefined {
    const stats = this.stat(name)
    if (stats === undefined) return undefined
    let firstOffset = this.kept.guess(stats)
    if (firstOffset === undefined) {
      const log = this.#open(name, constants.O_RDONLY)
      if (log === undefined) return undefined
      firstOffset = this.firstOffset(log)
      closeSync(log.fd)
    }
    return { name, sizeBytes: stats.size, firstOffset, modifiedMs: stats.mtimeMs }
  }

  stat(name: string): Stats | undefined {
    const stats = lstatSync(join(this.path, name), { throwIfNoEntry: false })
    return stats?.isFile() ? stats : undefined
  }

  /** Names that fit a glob, sorted; 50,000 entries are looked at. @throws ClusterError `bad-argument` for a glob that leads out. */
  walk(glob: string): { files: string[]; folders: string[] } {
    if (!isRelativeGlob(glob)) {
      throw new ClusterError('bad-argument', `glob must be relative and without "..", got ${JSON.stringify(glob.slice(0, 100))}`)
    }
    const files: string[] = []
    const folders: string[] = []
    const isDeep = glob.includes('/') || glob.includes('**')
    let seen = 0
    const visit = (below: string, depth: number) => {
      for (const entry of entriesOf(join(this.path, below))) {
        const name = below === '' ? entry.name : `${below}/${entry.name}`
        seen += 1
        if (seen > entriesAtMost || !isLogName(name)) continue
        if (entry.isFile() && matchGlob(glob, name)) files.push(name)
        if (!entry.isDirectory()) continue
        if (folders.length < foldersAtMost && matchGlob(glob, name)) folders.push(`${name}/`)
        if (isDeep && depth < deepest) visit(name, depth + 1)
      }
    }
    visit('', 1)
    return { files: files.sort(), folders: folders.sort() }
  }

  #open(name: string, flags: number): OpenLog | undefined {
    const real = this.#realPathOf()
    const path = join(real, name)
    let fd: number
    try {
      fd = openSync(path, flags | constants.O_NOFOLLOW | constants.O_NONBLOCK) // not to wait for the other end of a pipe
    } catch {
      return undefined // none, or a link, or a folder
    }
    try {
      const stats = fstatSync(fd)
      if (stats.isFile() && (!name.includes('/') || isReally(path, stats))) return { fd, name, stats }
    } catch {
      // it went meanwhile
    }
    closeSync(fd)
    return undefined
  }

  #openRenamed(name: string, flags: number): OpenLog | undefined {
    const worker = parseWorkerLogName(name)
    if (worker?.jobId !== noJobId) return undefined
    const glob = workerLogName({ ...worker, jobId: '*' }, worker.stream)
    const [renamed] = this.walk(glob).files
    return renamed === undefined ? undefined : this.#open(renamed, flags)
  }

  #realPathOf(): string {
    try {
      this.#realPath ??= realpathSync(this.path)
    } catch {
      return this.path // it does not exist: nothing below it does
    }
    return this.#realPath
  }
}

/** Of a file in a subfolder: no link on the way, then and now. */
function isReally(path: string, stats: Stats): boolean {
  const there = lstatSync(realpathSync(path))
  return realpathSync(path) === path && there.ino === stats.ino && there.dev === stats.dev
}

function entriesOf(path: string) {
  try {
    return readdirSync(path, { withFileTypes: true })
  } catch {
    return [] // it went meanwhile
  }
}

const firstPageOnly = (after: string, folders: string[]): string[] => (after === '' ? folders : [])
