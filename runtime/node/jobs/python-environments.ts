import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { toError } from '../../base/errors.ts'
import type { Logger } from '../../base/logger.ts'
import type { JobEnvironment } from '../../protocol/jobs.ts'
import { UseCounts } from '../use-counts.ts'
import { shellQuote, writeProgram } from './job-programs.ts'
import { runInstaller } from './run-installer.ts'
import { setupFailed } from './setup-error.ts'

export type PythonSpec = NonNullable<JobEnvironment['python']>

/** How a job that waits for an environment hears of its making. */
export type SetupListener = { readonly say: (text: string) => void; readonly pass: (line: string) => void; readonly signal: AbortSignal }

export type PythonEnvironment = { readonly folder: string; readonly release: () => void }

type Build = { readonly done: Promise<void>; readonly listeners: Set<SetupListener>; readonly stop: AbortController }

/** Environments that no job uses and that are kept for the next one. */
const keptUnused = 16
const readyMark = '.shoal-ready'
const shownLines = 12

/**
 * Virtual environments of Python, one for each set of requirements, made once and shared. One that could not be made is not kept:
 * the next job tries again. A build belongs to no job: it stops when nobody waits for it any more.
 */
export class PythonEnvironments {
  readonly #folder: string
  readonly #logger: Logger
  readonly #builds = new Map<string, Build>()
  readonly #users = new UseCounts()

  /** `folder` is ours alone; what an agent before us left half made is removed when it is asked for. */
  constructor(folder: string, logger: Logger) {
    this.#folder = folder
    this.#logger = logger
  }

  /**
   * Returns the environment when it is ready. Release it when the job has ended.
   * @throws ClusterError naming the package and the last lines of the installer; what the listener's signal was aborted with.
   */
  async use(spec: PythonSpec, listener: SetupListener): Promise<PythonEnvironment> {
    const python = await findPython(listener.signal)
    const key = createHash('sha256')
      .update(JSON.stringify([python.identity, spec]))
      .digest('hex')
      .slice(0, 32)
    const folder = join(this.#folder, key)
    const release = this.#users.take(key)
    try {
      if (this.#builds.has(key)) listener.say('Another job makes the same Python environment: waiting for it.')
      if (existsSync(join(folder, readyMark))) listener.say(`Using the Python environment that is here already: ${folder}`)
      else await this.#wait(this.#builds.get(key) ?? this.#build(key, { spec, hasPip: python.hasPip }), listener)
      const now = new Date()
      utimesSync(join(folder, readyMark), now, now)
      return { folder, release }
    } catch (error) {
      release()
      throw error
    }
  }

  async #wait(build: Build, listener: SetupListener): Promise<void> {
    const { signal } = listener
    build.listeners.add(listener)
    let leave = () => {}
    const left = new Promise<never>((_resolve, reject) => {
      leave = () => reject(toError(signal.reason))
      signal.addEventListener('abort', leave, { once: true })
    })
    try {
      signal.throwIfAborted()
      await Promise.race([build.done, left])
    } finally {
      signal.removeEventListener('abort', leave)
      build.listeners.delete(listener)
      if (build.listeners.size === 0) build.stop.abort(new Error('nobody waits for this environment any more'))
    }
  }

  #build(key: string, wanted: Wanted): Build {
    const listeners = new Set<SetupListener>()
    const stop = new AbortController()
    const done = this.#make(key, wanted, {
      say: (text) => {
        for (const listener of listeners) listener.say(text)
      },
      pass: (line) => {
        for (const listener of listeners) listener.pass(line)
      },
      signal: stop.signal,
    }).finally(() => this.#builds.delete(key))
    done.catch(() => {}) // told to those who wait
    const build = { done, listeners, stop }
    this.#builds.set(key, build)
    return build
  }

  async #make(key: string, { spec, hasPip }: Wanted, listener: SetupListener): Promise<void> {
    await Promise.resolve() // those who wait are there from here on
    const folder = join(this.#folder, key)
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
    this.#removeUnused()
    rmSync(folder, { recursive: true, force: true })
    const list = join(this.#folder, `${key}.txt`)
    writeFileSync(list, `${spec.requirements.join('\n')}\n`, { mode: 0o600 })
    try {
      await install({ folder, list, spec, hasPip, listener })
      writeFileSync(join(folder, readyMark), '')
      listener.say('The Python environment is ready.')
    } catch (error) {
      rmSync(folder, { recursive: true, force: true })
      this.#logger.info('python-environment.failed', { key, reason: toError(error).message.slice(0, 500) })
      throw error
    } finally {
      rmSync(list, { force: true })
    }
  }

  #removeUnused(): void {
    const unused = readdirSync(this.#folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !this.#users.has(entry.name) && !this.#builds.has(entry.name))
      .map(({ name }) => ({ name, usedAtMs: statSync(join(this.#folder, name, readyMark), { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
      .sort((one, other) => other.usedAtMs - one.usedAtMs)
    for (const { name } of unused.slice(keptUnused)) rmSync(join(this.#folder, name), { recursive: true, force: true })
  }
}

type Wanted = { readonly spec: PythonSpec; readonly hasPip: boolean }
type Install = Wanted & { readonly folder: string; readonly list: string; readonly listener: SetupListener }

async function install({ folder, list, spec, hasPip, listener }: Install): Promise<void> {
  const run = async (command: readonly [string, ...string[]], what: string) => {
    listener.say(`${what}: ${command.join(' ')}`)
    const { signal, pass } = listener
    const { exitCode, lastLines } = await runInstaller({ command, cwd: '/', env: installerEnv(), signal, onLine: pass })
    if (exitCode !== 0) throw installerFailed(what, spec, lastLines)
  }
  const python = join(folder, 'bin', 'python')
  const uv = spec.installer === 'uv' && spec.version === null ? findProgram('uv') : undefined
  const wanted = [...spec.options, '-r', list]
  if (uv !== undefined) {
    await run([uv, 'venv', '--python', 'python3', '--system-site-packages', folder], 'Making a virtual environment')
    await run([uv, 'pip', 'install', '--python', python, ...wanted], 'Installing packages')
    if (spec.check) await run([uv, 'pip', 'check', '--python', python], 'Checking that the packages fit together')
    return
  }
  // A pip of its own takes venv many seconds to unpack; the one of the node, seen from inside, installs into the environment as well.
  const withoutPip = hasPip ? (['--without-pip'] as const) : []
  await run(['python3', '-m', 'venv', '--system-site-packages', ...withoutPip, folder], 'Making a virtual environment')
  if (hasPip) for (const name of ['pip', 'pip3']) writeProgram(join(folder, 'bin', name), `exec ${shellQuote(python)} -m pip "$@"`)
  const pip = [python, '-m', 'pip'] as const
  if (spec.installer === 'uv') {
    await run([...pip, 'install', `uv${spec.version ?? ''}`], 'Installing uv')
    await run([python, '-m', 'uv', 'pip', 'install', '--python', python, ...wanted], 'Installing packages')
    if (spec.check) await run([python, '-m', 'uv', 'pip', 'check', '--python', python], 'Checking that the packages fit together')
    return
  }
  if (spec.version !== null) await run([...pip, 'install', `pip${spec.version}`], 'Installing pip')
  await run([...pip, 'install', ...wanted], 'Installing packages')
  if (spec.check) await run([...pip, 'check'], 'Checking that the packages fit together')
}

/** Without a person at a terminal; an index that cannot be reached is told soon. What the operator of the node has set goes first. */
const installerEnv = (): NodeJS.ProcessEnv => ({
  PIP_RETRIES: '2',
  PIP_DEFAULT_TIMEOUT: '15',
  PIP_PROGRESS_BAR: 'off',
  ...process.env,
  PIP_NO_INPUT: '1',
  PIP_DISABLE_PIP_VERSION_CHECK: '1',
  PYTHONUNBUFFERED: '1',
  PYTHONPATH: '',
  PYTHONHOME: undefined,
  VIRTUAL_ENV: undefined,
})

function installerFailed(what: string, { installer, requirements }: PythonSpec, lastLines: readonly string[]): Error {
  const culprit = findCulprit(lastLines, requirements)
  const names = culprit ?? requirements.slice(0, 20).join(', ')
  const noVenv = lastLines.some((line) => line.includes('ensurepip is not available') || line.includes('No module named venv'))
  const hint = noVenv ? ' The Python of this node lacks venv: install python3-venv there, or use a node that has it.' : ''
  return setupFailed(
    `Setting up the runtime environment failed: ${what.toLowerCase()} with ${installer} did not work for ${names}.${hint} The last lines of the installer:\n${lastLines.slice(-shownLines).join('\n')}`,
  )
}

/** Which of the requirements the installer complained about, if it says. */
export function findCulprit(lines: readonly string[], requirements: readonly string[]): string | undefined {
  const patterns = [
    /No matching distribution found for (\S+)/,
    /Could not find a version that satisfies the requirement (\S+)/,
    /Because (\S+) was not found in/,
    /Invalid requirement: '?([^':\n]+)/,
    /Failed to build:? `?([^`\s]+)/,
    /Failed building wheel for (\S+)/,
    /Failed to (?:download|fetch)[^`]*`([^`]+)`/,
  ]
  for (const pattern of patterns) {
    for (const line of lines) {
      const name = pattern.exec(line)?.[1]
      if (name !== undefined) return name
    }
  }
  return requirements.length === 1 ? requirements[0] : undefined
}

/** The node's Python, and whether it comes with pip. @throws ClusterError when there is none. */
async function findPython(signal: AbortSignal): Promise<{ identity: string; hasPip: boolean }> {
  const path = findProgram('python3')
  const nowhere = 'Setting up the runtime environment failed: pip and uv need a Python, and this node has no python3 in its PATH.'
  if (path === undefined) throw setupFailed(`${nowhere} Install one there, or ask for a node that has it with entrypoint_label_selector.`)
  const lines: string[] = []
  const command = [
    path,
    '-c',
    'import sys, importlib.util as u; print(sys.version.replace(chr(10), " ")); print(bool(u.find_spec("pip")))',
  ] as const
  await runInstaller({ command, cwd: '/', env: process.env, signal, onLine: (line) => void lines.push(line) })
  return { identity: `${path} ${lines.join(' ')}`, hasPip: lines.at(-1) === 'True' }
}

function findProgram(name: string): string | undefined {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, name)
    if (folder !== '' && statSync(path, { throwIfNoEntry: false })?.isFile()) return path
  }
  return undefined
}
