import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes, timingSafeEqual } from 'node:crypto'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { toError } from '../base/errors.ts'
import type { JobId, NodeId, WorkerId } from '../base/ids.ts'
import type { Logger } from '../base/logger.ts'
import type { WorkerExit } from '../protocol/failures.ts'
import type { SessionLayout } from '../session/layout.ts'
import { isRunning, type ProcessRecord, processRecord, writeFileAtomic } from '../session/process-record.ts'
import { WorkerOutput } from './logs/worker-output.ts'
import { WorkerGuard } from './worker-guard.ts'

export type WorkerPoolIo = {
  readonly layout: SessionLayout
  readonly nodeId: NodeId
  readonly logger: Logger
  /** The program and its first arguments. */
  readonly command: readonly [string, ...string[]]
  /** Shared memory that goes with them when this process is killed. @default nobody looks after either */
  readonly storeDirectory?: string | undefined
  readonly onExit: (workerId: WorkerId, exit: WorkerExit) => void
}

type Entry = {
  readonly child: ChildProcess
  readonly token: string
  readonly output: WorkerOutput
  readonly socketPath: string
  readonly record: ProcessRecord
  reason: string | null
}

const longestLine = 2_048
const saveDelayMs = 20

/**
 * The worker processes of this node. Each is the leader of its own process group, writes its output straight into its log files, and
 * so keeps writing when we die; it ends when its link to us closes. Pids stand in `workers.json` for the next agent.
 *
 * What Node compiles of the worker's code, the first ones leave in the session's folder for the others. Node checks its version, its flags
 * and the text, and compiles what it finds missing, old or damaged.
 */
export class WorkerPool {
  readonly #io: WorkerPoolIo
  readonly #entries = new Map<WorkerId, Entry>()
  #counter = 0
  #saving: NodeJS.Timeout | undefined
  #guard: WorkerGuard | undefined

  constructor(io: WorkerPoolIo) {
    this.#io = io
  }

  /** Starts a process. What becomes of it is told by its hello, or by `onExit`. */
  spawn(workerId: WorkerId): void {
    const { layout, nodeId, logger, command } = this.#io
    this.#counter += 1
    const socketPath = join(layout.socketDir, `w-${this.#counter}.sock`)
    const token = randomBytes(32).toString('hex')
    const [program, ...first] = command
    const args = [...first, '--worker-id', workerId, '--node-id', nodeId, '--agent-socket', layout.agentSocket, '--socket', socketPath]
    const output = new WorkerOutput(layout.logDir, workerId)
    const child = spawn(program, args, {
      stdio: ['ignore', ...output.descriptors],
      detached: true, // a group of its own: what user code starts is ended with it
      env: { ...process.env, SHOAL_WORKER_TOKEN: token, NODE_COMPILE_CACHE: join(layout.nodeDir, 'compile-cache') },
    })
    output.started(child.pid ?? 0)
    const record = child.pid === undefined ? { pid: 0, startTime: '' } : processRecord(child.pid)
    if (record.pid > 0) this.#guardOf()?.add(record.pid)
    this.#entries.set(workerId, { child, token, output, socketPath, record, reason: null })
    child.once('error', (error) => {
      logger.error('worker.spawn-failed', { workerId, reason: error.message })
      if (child.pid === undefined) this.#ended(workerId, { exitCode: null, signal: null, text: error.message })
    })
    child.once('exit', (exitCode, signal) => this.#ended(workerId, { exitCode, signal, text: undefined }))
    logger.info('worker.spawned', { workerId, pid: child.pid })
    this.#save()
  }

  /** Is this the token of the process that was started under this id? */
  isToken(workerId: WorkerId, token: string): boolean {
    const expected = this.#entries.get(workerId)?.token
    if (expected === undefined || expected.length !== token.length) return false
    return timingSafeEqual(Buffer.from(expected), Buffer.from(token))
  }

  /** Processes that were started and have not ended. */
  list(): { readonly workerId: WorkerId; readonly pid: number }[] {
    return [...this.#entries].map(([workerId, { record }]) => ({ workerId, pid: record.pid }))
  }

  has(workerId: WorkerId): boolean {
    return this.#entries.has(workerId)
  }

  /** Says for which job it works, for all of its life: its log files are called after that. */
  serve(workerId: WorkerId, jobId: JobId): void {
    this.#entries.get(workerId)?.output.serve(jobId)
  }

  /** Names of the log files that workers write to now. */
  *logNames(): Iterable<string> {
    for (const { output } of this.#entries.values()) yield* output.names
  }

  /** SIGKILL to its process group. The first reason given stands in its exit. */
  end(workerId: WorkerId, reason: string): void {
    const entry = this.#entries.get(workerId)
    if (!entry) return
    entry.reason ??= reason
    killGroup(entry.record)
  }

  /** Ends all; resolves when each has exited. */
  async endAll(reason: string): Promise<void> {
    const exits = [...this.#entries].map(([workerId, { child }]) => {
      const exited = new Promise<void>((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) resolve()
        else child.once('exit', () => resolve())
      })
      this.end(workerId, reason)
      return exited
    })
    await Promise.all(exits)
    this.#guard?.close()
    clearTimeout(this.#saving)
    rmSync(this.#io.layout.workersRecord, { force: true })
  }

  #ended(workerId: WorkerId, how: { exitCode: number | null; signal: string | null; text: string | undefined }): void {
    const entry = this.#entries.get(workerId)
    if (!entry) return
    this.#entries.delete(workerId)
    rmSync(entry.socketPath, { force: true })
    const lastLines = how.text === undefined ? entry.output.lastLines() : [how.text.slice(0, longestLine)]
    const { exitCode, signal } = how
    this.#io.logger.info('worker.exited', {
      workerId,
      pid: entry.record.pid,
      exitCode: exitCode ?? undefined,
      signal: signal ?? undefined,
      reason: entry.reason ?? undefined,
    })
    if (entry.record.pid > 0) killGroup(entry.record, true)
    this.#guard?.remove(entry.record.pid)
    this.#save()
    this.#io.onExit(workerId, { exitCode, signal, pid: entry.record.pid, reason: entry.reason, lastLines })
  }

  #guardOf(): WorkerGuard | undefined {
    const { storeDirectory, logger } = this.#io
    if (storeDirectory !== undefined) this.#guard ??= new WorkerGuard({ storeDirectory, logger })
    return this.#guard
  }

  #save(): void {
    this.#saving ??= setTimeout(() => {
      this.#saving = undefined
      const records = [...this.#entries.values()].map((entry) => entry.record)
      try {
        writeFileAtomic(this.#io.layout.workersRecord, JSON.stringify(records))
      } catch (error) {
        this.#io.logger.warn('worker.record-failed', { reason: toError(error).message }) // a full disk: workers end with their link anyway
      }
    }, saveDelayMs)
    this.#saving.unref()
  }
}

/** Ends workers that a killed agent of this folder left. */
export function endLeftovers(layout: SessionLayout, logger: Logger): void {
  let records: unknown
  try {
    records = JSON.parse(readFileSync(layout.workersRecord, 'utf8'))
  } catch {
    return // none
  }
  for (const record of Array.isArray(records) ? (records as ProcessRecord[]) : []) {
    // our own file, in a folder that only this user may write
    if (typeof record?.pid !== 'number' || record.pid <= 0 || !isRunning(record)) continue
    logger.warn('worker.leftover-ended', { pid: record.pid })
    killGroup(record)
  }
  rmSync(layout.workersRecord, { force: true })
}

function killGroup(record: ProcessRecord, leaderIsGone = false): void {
  if (!leaderIsGone && !isRunning(record)) return
  try {
    process.kill(-record.pid, 'SIGKILL')
  } catch {
    // the group is empty
  }
}
