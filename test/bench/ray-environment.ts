import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const repository = fileURLToPath(new URL('../..', import.meta.url))
/** The newest that is tried, and the oldest. */
export const rayVersions = { newest: '2.58.0', oldest: '2.9.3' } as const
type RayAge = keyof typeof rayVersions
const folders = { newest: join(repository, '.cache', 'ray-venv'), oldest: join(repository, '.cache', 'ray-2.9-venv') }
/** Of these Ray 2.58 has wheels; 2.9 has them up to 3.11. */
const pythons = ['python3.12', 'python3.11', 'python3.13', 'python3.10', 'python3']

/** A Python that has Ray and numpy, with their versions. */
export type RayPython = { readonly program: string; readonly ray: string; readonly python: string }

/** The Python of our own environment, else one on the PATH that has Ray. Undefined when there is none. */
export function findRay(): RayPython | undefined {
  for (const program of [pythonIn(folders.newest), ...pythons]) {
    const found = askPython(program)
    if (found) return found
  }
  return undefined
}

/**
 * Makes a Python environment of our own with Ray, its dashboard and its Serve in it: a download of about 130 MB.
 * @throws when no Python is there that Ray has packages for, or pip fails; nothing half made is left.
 */
export function installRay(say: (line: string) => void, age: RayAge = 'newest'): RayPython {
  const folder = folders[age]
  const own = askPython(pythonIn(folder))
  if (own && hasServe(pythonIn(folder))) return own
  const usable = age === 'newest' ? pythons : pythons.filter((name) => !['python3.12', 'python3.13'].includes(name))
  const python = usable.find((name) => spawnSync(name, ['-c', 'import venv, ensurepip'], { stdio: 'ignore' }).status === 0)
  if (python === undefined) throw new Error(`Ray needs one of ${usable.join(', ')} with its venv module; none is on the PATH`)
  const packages = [`ray[default,serve]==${rayVersions[age]}`, ...(age === 'newest' ? ['numpy'] : ['numpy<2', 'setuptools<81'])]
  say(`Installing ${packages.join(' and ')} into ${folder} with ${python}; this is done once.`)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(dirname(folder), { recursive: true })
  try {
    runInstall(python, ['-m', 'venv', folder])
    runInstall(pythonIn(folder), ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages])
    const made = askPython(pythonIn(folder))
    if (!made) throw new Error(`${folder} was made, and Ray cannot be imported there`)
    return made
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
}

const pythonIn = (folder: string) => join(folder, 'bin', 'python')

/** pip's words go to standard error, which leaves standard output to the report. */
function runInstall(program: string, args: readonly string[]): void {
  const { status, error } = spawnSync(program, args, { stdio: ['ignore', 2, 2] })
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed: ${error?.message ?? `exit code ${status}`}`)
}

const hasServe = (program: string) => spawnSync(program, ['-c', 'import fastapi, uvicorn'], { stdio: 'ignore' }).status === 0

const question = 'import json, platform, importlib.metadata as m, numpy; print(json.dumps([m.version("ray"), platform.python_version()]))'

function askPython(program: string): RayPython | undefined {
  if (program.includes('/') && !existsSync(program)) return undefined
  const { status, stdout } = spawnSync(program, ['-c', question], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  if (status !== 0) return undefined
  const [ray, python] = JSON.parse(stdout) as [string, string] // what the line above prints
  return { program, ray, python }
}
