import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const repository = fileURLToPath(new URL('../..', import.meta.url))
const environmentFolder = join(repository, '.cache', 'ray-venv')
const packages = ['ray[default]==2.58.0', 'numpy']
/** Of these Ray 2.58 has wheels. */
const pythons = ['python3.12', 'python3.11', 'python3.13', 'python3.10', 'python3']

/** A Python that has Ray and numpy, with their versions. */
export type RayPython = { readonly program: string; readonly ray: string; readonly python: string }

/** The Python of our own environment, else one on the PATH that has Ray. Undefined when there is none. */
export function findRay(): RayPython | undefined {
  for (const program of [join(environmentFolder, 'bin', 'python'), ...pythons]) {
    const found = askPython(program)
    if (found) return found
  }
  return undefined
}

/**
 * Makes a Python environment of our own with Ray in it: a download of about 120 MB.
 * @throws when no Python is there that Ray has packages for, or pip fails; nothing half made is left.
 */
export function installRay(say: (line: string) => void): RayPython {
  const own = askPython(join(environmentFolder, 'bin', 'python'))
  if (own) return own
  const python = pythons.find((name) => spawnSync(name, ['-c', 'import venv, ensurepip'], { stdio: 'ignore' }).status === 0)
  if (python === undefined) throw new Error(`--with-ray needs one of ${pythons.join(', ')} with its venv module; none is on the PATH`)
  say(`Installing ${packages.join(' and ')} into ${environmentFolder} with ${python}; this is done once.`)
  rmSync(environmentFolder, { recursive: true, force: true })
  mkdirSync(dirname(environmentFolder), { recursive: true })
  try {
    runInstall(python, ['-m', 'venv', environmentFolder])
    runInstall(join(environmentFolder, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages])
    const made = askPython(join(environmentFolder, 'bin', 'python'))
    if (!made) throw new Error(`${environmentFolder} was made, and Ray cannot be imported there`)
    return made
  } catch (error) {
    rmSync(environmentFolder, { recursive: true, force: true })
    throw error
  }
}

/** pip's words go to standard error, which leaves standard output to the report. */
function runInstall(program: string, args: readonly string[]): void {
  const { status, error } = spawnSync(program, args, { stdio: ['ignore', 2, 2] })
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed: ${error?.message ?? `exit code ${status}`}`)
}

const question = 'import json, platform, importlib.metadata as m, numpy; print(json.dumps([m.version("ray"), platform.python_version()]))'

function askPython(program: string): RayPython | undefined {
  if (program.includes('/') && !existsSync(program)) return undefined
  const { status, stdout } = spawnSync(program, ['-c', question], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  if (status !== 0) return undefined
  const [ray, python] = JSON.parse(stdout) as [string, string] // what the line above prints
  return { program, ray, python }
}
