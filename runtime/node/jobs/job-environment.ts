import { mkdirSync, rmSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import type { JobEnvironment } from '../../protocol/jobs.ts'
import type { PackageCache } from '../packages/package-cache.ts'
import { writeProgram, shellQuote } from './job-programs.ts'
import type { PythonEnvironments, SetupListener } from './python-environments.ts'
import { setupFailed } from './setup-error.ts'

/** What a command runs in. */
export type PreparedEnvironment = {
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  /** Call when no process of the job is left. */
  readonly release: () => void
}

export type EnvironmentMaker = {
  readonly packages: PackageCache
  readonly pythons: PythonEnvironments
  /** `node` and `shoal`, for the front of PATH. */
  readonly programsFolder: string
}

type Making = { readonly maker: EnvironmentMaker; readonly listener: SetupListener; readonly releases: (() => void)[] }

/**
 * Brings together what a job asked for: folders, packages, programs, variables. `fixed` are variables that nothing overrides.
 * @throws ClusterError with a message for the job, or what the listener's signal was aborted with.
 */
export async function prepareEnvironment(
  maker: EnvironmentMaker,
  job: { readonly environment: JobEnvironment; readonly ownFolder: string; readonly fixed: Readonly<Record<string, string>> },
  listener: SetupListener,
): Promise<PreparedEnvironment> {
  const making: Making = { maker, listener, releases: [] }
  const release = () => {
    for (const each of making.releases.splice(0)) each()
  }
  try {
    return { ...(await prepare(making, job)), release }
  } catch (error) {
    release()
    throw error
  }
}

async function prepare(making: Making, job: Parameters<typeof prepareEnvironment>[1]): Promise<Omit<PreparedEnvironment, 'release'>> {
  const { environment, ownFolder, fixed } = job
  const { maker, listener, releases } = making
  const workingDir = environment.workingDir === null ? null : await findFolder(making, environment.workingDir, 'working_dir')
  const packed = environment.workingDir === null ? undefined : packageName(environment.workingDir)
  const modules: string[] = []
  for (const location of environment.pyModules) modules.push(await findModule(making, location))
  const programs = [maker.programsFolder]
  const set: Record<string, string> = {}
  if (environment.pyExecutable !== null) {
    releases.push(() => removeOwn(ownFolder))
    programs.unshift(makePython(join(ownFolder, 'bin'), environment.pyExecutable))
  }
  if (environment.python !== null) {
    const python = await maker.pythons.use(environment.python, listener)
    releases.push(python.release)
    programs.unshift(join(python.folder, 'bin'))
    set['VIRTUAL_ENV'] = python.folder
  }
  const inherited = inheritedVariables()
  const env: Record<string, string> = { ...inherited, ...set }
  for (const [name, value] of Object.entries(environment.envVars)) env[name] = expand(value, env)
  const paths = [...(workingDir === null ? [] : [workingDir]), ...modules]
  if (paths.length > 0) env['PYTHONPATH'] = [...paths, ...(env['PYTHONPATH'] ? [env['PYTHONPATH']] : [])].join(delimiter)
  env['PATH'] = [...programs, env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin'].join(delimiter)
  // Programs name the files of their package by these, so that tasks on other nodes find the same ones there.
  const place = packed === undefined || workingDir === null ? {} : { SHOAL_JOB_PACKAGE: packed, SHOAL_JOB_FOLDER: workingDir }
  return { cwd: workingDir ?? usableHome(), env: { ...env, ...fixed, ...place } }
}

async function findFolder(making: Making, location: string, field: string): Promise<string> {
  const name = packageName(location)
  if (name !== undefined) {
    const held = await making.maker.packages.use(name, making.listener)
    making.releases.push(held.release)
    return held.folder
  }
  if (statSync(location, { throwIfNoEntry: false })?.isDirectory()) return location
  throw setupFailed(`Setting up the runtime environment failed: ${field} ${location} is not a folder on this node.`)
}

/** What PYTHONPATH needs to hold so that the module can be imported: a package's folder is imported by its own name. */
async function findModule(making: Making, location: string): Promise<string> {
  if (packageName(location) !== undefined) return findFolder(making, location, 'py_modules')
  const stats = statSync(location, { throwIfNoEntry: false })
  if (stats?.isFile() && /\.(whl|zip|egg)$/.test(location)) return location
  if (stats?.isDirectory() || (stats?.isFile() && location.endsWith('.py'))) return dirname(location)
  throw setupFailed(`Setting up the runtime environment failed: py_modules ${location} is no folder, .py file or wheel on this node.`)
}

const packageName = (location: string): string | undefined => (location.startsWith('gcs://') ? location.slice('gcs://'.length) : undefined)

/** `python` and `python3` that run what the job asked for. Its own words may name python again: then the one behind us. */
function makePython(folder: string, command: string): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  for (const name of ['python', 'python3'])
    writeProgram(join(folder, name), `PATH=\${PATH#${shellQuote(`${folder}:`)}}; exec ${command} "$@"`)
  return folder
}

function removeOwn(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true })
  } catch {
    // the job took the right to write there away: it goes with the session
  }
}

/** Ours, but for what is only between agent and workers, and what would change how the job's own Node runs. */
function inheritedVariables(): Record<string, string> {
  const inherited: Record<string, string> = {}
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined && name !== 'SHOAL_WORKER_TOKEN' && name !== 'NODE_OPTIONS' && name !== 'NODE_CHANNEL_FD')
      inherited[name] = value
  }
  return inherited
}

/** `${NAME}` is what the variable was before (Ray: the same). */
const expand = (text: string, env: Readonly<Record<string, string>>): string =>
  text.replaceAll(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (whole, name: string) => (Object.hasOwn(env, name) ? (env[name] ?? '') : whole))

function usableHome(): string {
  const home = homedir()
  return statSync(home, { throwIfNoEntry: false })?.isDirectory() ? home : '/'
}
