import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { constants } from 'node:os'
import { join } from 'node:path'
import { ClusterError, toError } from '../../base/errors.ts'
import type { Logger } from '../../base/logger.ts'
import { longestJobMessage, type SubmissionOrder, type SubmissionOutcome } from '../../protocol/jobs.ts'
import { jobLogName } from '../../protocol/log-names.ts'
import type { Devices } from '../../protocol/scheduling.ts'
import type { SessionLayout } from '../../session/layout.ts'
import { processRecord } from '../../session/process-record.ts'
import { type HeadRequester, type HeldPackage, PackageCache } from '../packages/package-cache.ts'
import { type EnvironmentMaker, type PreparedEnvironment, prepareEnvironment } from './job-environment.ts'
import { JobGuard } from './job-guard.ts'
import { JobLog } from './job-log.ts'
import { makeJobPrograms } from './job-programs.ts'
import { removeJobRecords, saveJobRecords } from './job-records.ts'
import { endTree, markVariable, type ProcessTree } from './process-tree.ts'
import { PythonEnvironments } from './python-environments.ts'

type RunId = { readonly submissionId: string; readonly attempt: number }
export type SubmissionReport =
  | (RunId & { readonly type: 'submission.progress'; readonly what: string })
  | (RunId & { readonly type: 'submission.running'; readonly pid: number })
  | (RunId & { readonly type: 'submission.ended'; readonly outcome: SubmissionOutcome })

export type SupervisorIo = {
  readonly layout: SessionLayout
  readonly logger: Logger
  /** Asks the head; waits while it is away. */
  readonly askHead: HeadRequester
  /** `host:port` of the head; empty where only this machine reaches it. */
  readonly headAddress: () => string
  readonly raise: (report: SubmissionReport) => void
  /** Between the request to end and the end. */
  readonly stopWaitMs: number
  /** Unpacked packages that no job uses make room past this. */
  readonly packageCacheBytes: number
}

type Run = {
  readonly order: SubmissionOrder
  readonly devices: Devices
  readonly setup: AbortController
  readonly mark: string
  log: JobLog | undefined
  tree: ProcessTree | undefined
  isStopping: boolean
  readonly finished: Promise<void>
}

/** SIGTERM, unless the operator of the node says SIGINT (Ray: RAY_JOB_STOP_SIGNAL). */
const stopSignal = (): NodeJS.Signals => (process.env['RAY_JOB_STOP_SIGNAL'] === 'SIGINT' ? 'SIGINT' : 'SIGTERM')
/** When the node itself ends, its jobs get no longer than this. */
const leaveWaitMs = 3_000
const saveDelayMs = 20

/** Runs the commands of submitted jobs on this node. What becomes of each is told once, by `raise`, when no process of it is left. */
export class JobSupervisor {
  readonly #io: SupervisorIo
  readonly #runs = new Map<string, Run>()
  readonly #guard: JobGuard
  /** Those that may have processes now. */
  readonly #trees = new Set<ProcessTree>()
  #saving: NodeJS.Timeout | undefined
  #maker: EnvironmentMaker | undefined

  constructor(io: SupervisorIo) {
    this.#io = io
    this.#guard = new JobGuard(io.logger)
  }

  start(order: SubmissionOrder, devices: Devices): void {
    const { submissionId, attempt } = order
    let finish = () => {}
    const run: Run = {
      ...{ order, devices },
      setup: new AbortController(),
      mark: randomBytes(16).toString('hex'),
      log: undefined,
      tree: undefined,
      isStopping: false,
      finished: new Promise((resolve) => {
        finish = resolve
      }),
    }
    this.#runs.set(keyOf(order), run)
    void this.#carryOut(run).then((outcome) => {
      run.log?.close()
      this.#runs.delete(keyOf(order))
      this.#io.logger.info('job.ended', { submissionId, outcome: outcome.kind })
      this.#io.raise({ type: 'submission.ended', submissionId, attempt, outcome })
      finish()
    })
  }

  /** Ends a run: its setup at once; its command is asked first. */
  stop(id: RunId): void {
    const run = this.#runs.get(keyOf(id))
    if (!run || run.isStopping) return
    run.isStopping = true
    run.setup.abort(new Error('the job was stopped'))
    if (run.tree) void endTree(run.tree, { signal: stopSignal(), graceMs: this.#io.stopWaitMs })
  }

  /** Ends all; resolves when nothing of any job runs. */
  async endAll(): Promise<void> {
    const runs = [...this.#runs.values()]
    for (const run of runs) {
      run.isStopping = true
      run.setup.abort(new Error('the node ends'))
      run.log?.say('The node ends, and the job with it.')
    }
    const graceMs = Math.min(leaveWaitMs, this.#io.stopWaitMs)
    await Promise.all(runs.map((run) => (run.tree ? endTree(run.tree, { signal: stopSignal(), graceMs }) : undefined)))
    await Promise.all(runs.map((run) => run.finished))
    this.#guard.close()
    clearTimeout(this.#saving)
    removeJobRecords(this.#io.layout)
  }

  /** A package for the workers of this node. @throws ClusterError saying what is wrong with it */
  usePackage(name: string, signal: AbortSignal): Promise<HeldPackage> {
    const say = (text: string) => this.#io.logger.info('package.fetched', { text })
    return this.#makerOf().packages.use(name, { say, signal })
  }

  /** Process ids of the commands that run now, by submission. */
  list(): { submissionId: string; pid: number }[] {
    return [...this.#runs.values()].flatMap(({ order, tree }) => (tree ? [{ submissionId: order.submissionId, pid: tree.root.pid }] : []))
  }

  /** Names of the logs that jobs write to now. */
  logNames(): string[] {
    return [...this.#runs.values()].map(({ order }) => jobLogName(order.submissionId))
  }

  async #carryOut(run: Run): Promise<SubmissionOutcome> {
    let prepared: PreparedEnvironment | undefined
    try {
      run.log = new JobLog(this.#io.layout.logDir, run.order.submissionId)
      run.log.say('Runtime env is setting up.')
      prepared = await this.#prepare(run)
      return await this.#runCommand(run, prepared)
    } catch (thrown) {
      if (run.isStopping) return { kind: 'stopped' }
      return this.#failed(run, toError(thrown))
    } finally {
      prepared?.release()
    }
  }

  #failed(run: Run, error: Error): SubmissionOutcome {
    const isOurs = error instanceof ClusterError
    const message = (isOurs ? error.message : `The job could not be set up on its node: ${error.message}`).slice(0, longestJobMessage)
    run.log?.say(message, 'ERROR')
    return { kind: 'failed', errorType: 'RUNTIME_ENV_SETUP_FAILURE', message }
  }

  async #prepare(run: Run): Promise<PreparedEnvironment> {
    const { layout } = this.#io
    const { submissionId, attempt, environment } = run.order
    const { setupTimeoutMs } = environment
    const timer = setTimeout(
      () => {
        const seconds = Math.round(setupTimeoutMs / 1_000)
        const message = `Setting up the runtime environment took longer than ${seconds} s. Raise config.setup_timeout_seconds in runtime_env, or ask for less.`
        run.setup.abort(new ClusterError('timeout', message))
      },
      Math.min(setupTimeoutMs, 2 ** 31 - 1),
    )
    let saidAtMs = 0
    try {
      return await prepareEnvironment(
        this.#makerOf(),
        { environment, ownFolder: join(layout.nodeDir, 'jobs', `${submissionId}-${attempt}`), fixed: this.#fixedVariables(run) },
        {
          signal: run.setup.signal,
          pass: (line) => run.log?.pass(line),
          say: (what) => {
            run.log?.say(what)
            if (performance.now() - saidAtMs < 500 && saidAtMs > 0) return
            saidAtMs = performance.now()
            this.#io.raise({ type: 'submission.progress', submissionId, attempt, what: what.slice(0, 1_024) })
          },
        },
      )
    } finally {
      clearTimeout(timer)
    }
  }

  #makerOf(): EnvironmentMaker {
    const { layout, logger, askHead, packageCacheBytes } = this.#io
    this.#maker ??= {
      packages: new PackageCache({ folder: join(layout.nodeDir, 'packages'), askHead, logger, maxBytes: packageCacheBytes }),
      pythons: new PythonEnvironments(join(layout.nodeDir, 'venvs'), logger),
      programsFolder: makeJobPrograms(join(layout.nodeDir, 'bin')),
    }
    return this.#maker
  }

  #fixedVariables({ order, devices, mark }: Run): Record<string, string> {
    const { layout, headAddress } = this.#io
    const address = headAddress()
    return {
      RAY_JOB_CONFIG_JSON_ENV_VAR: order.jobConfig,
      ...(address === '' ? {} : { RAY_ADDRESS: address }),
      PYTHONUNBUFFERED: '1',
      SHOAL_ADDRESS: 'auto',
      SHOAL_TEMP_DIR: layout.tempDir,
      SHOAL_JOB_SUBMISSION_ID: order.submissionId,
      [markVariable]: mark,
      ...(devices['GPU'] === undefined ? {} : { CUDA_VISIBLE_DEVICES: devices['GPU'].join(',') }),
    }
  }

  async #runCommand(run: Run, { cwd, env }: PreparedEnvironment): Promise<SubmissionOutcome> {
    run.setup.signal.throwIfAborted()
    const { order, log } = run
    const { submissionId, attempt } = order
    log?.say(`Running entrypoint for job ${submissionId}: ${order.entrypoint}`)
    const child = spawn('/bin/sh', ['-c', order.entrypoint], {
      ...{ cwd, env },
      stdio: ['ignore', log?.file ?? 'ignore', log?.file ?? 'ignore'],
      detached: true, // a group and a session of its own: what it starts is ended with it
    })
    const exited = new Promise<number | Error>((resolve) => {
      child.once('error', (error) => resolve(error))
      child.once('exit', (code, signal) => resolve(code ?? -(signal === null ? 1 : constants.signals[signal])))
    })
    if (child.pid !== undefined) {
      run.tree = { root: processRecord(child.pid), mark: run.mark }
      this.#guard.add(run.tree)
      this.#trees.add(run.tree)
      this.#saveRecords()
      this.#io.logger.info('job.started', { submissionId, pid: child.pid })
      this.#io.raise({ type: 'submission.running', submissionId, attempt, pid: child.pid })
    }
    const exit = await exited
    if (typeof exit !== 'number') {
      const message = `The command of the job could not be started: ${exit.message}`
      log?.say(message, 'ERROR')
      return { kind: 'failed', errorType: 'JOB_ENTRYPOINT_COMMAND_START_ERROR', message }
    }
    await this.#endRest(run)
    if (run.isStopping) {
      log?.say('The job was stopped.')
      return { kind: 'stopped' }
    }
    return { kind: 'exited', exitCode: exit, logTail: exit === 0 ? '' : (log?.tail() ?? '') }
  }

  /** The command has ended: what it left running ends too. */
  async #endRest({ tree, log, isStopping }: Run): Promise<void> {
    if (!tree) return
    const count = await endTree(tree, { signal: stopSignal(), graceMs: this.#io.stopWaitMs })
    if (count > 0 && !isStopping) log?.say(`The command ended and left ${count} processes running: they were ended.`)
    this.#guard.remove(tree)
    this.#trees.delete(tree)
    this.#saveRecords()
  }

  /** A little later, for all that happens until then: the guard knows at once. */
  #saveRecords(): void {
    this.#saving ??= setTimeout(() => {
      this.#saving = undefined
      saveJobRecords(this.#io.layout, [...this.#trees], this.#io.logger)
    }, saveDelayMs)
    this.#saving.unref()
  }
}

const keyOf = ({ submissionId, attempt }: RunId): string => `${submissionId} ${attempt}`
