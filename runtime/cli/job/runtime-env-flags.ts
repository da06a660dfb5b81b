import { existsSync, readFileSync } from 'node:fs'
import { basename, isAbsolute } from 'node:path'
import { toError } from '../../base/errors.ts'
import { fileProblem } from '../file-problem.ts'
import { type FlagValues, type Terminal, UsageError } from '../command.ts'
import type { ApiClient } from '../../client/api-client.ts'
import { uploadPackage } from '../packages/upload-package.ts'

type Env = Record<string, unknown>

/** The object that a flag holds as JSON. @throws UsageError */
export function parseJsonObject(values: FlagValues, flag: string): Env | undefined {
  const text = values.find(flag)
  return text === undefined ? undefined : parseObject(`--${flag}`, text)
}

function parseObject(what: string, text: string): Env {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new UsageError(`${what} must be a JSON object (${toError(error).message}), got ${JSON.stringify(text.slice(0, 200))}`)
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Env // an object of JSON
  throw new UsageError(`${what} must be a JSON object, got ${JSON.stringify(text.slice(0, 200))}`)
}

/** The runtime_env of the flags, as it was written. @throws UsageError */
export function readRuntimeEnv(values: FlagValues): Env {
  const file = values.find('runtime-env')
  const json = parseJsonObject(values, 'runtime-env-json')
  if (file !== undefined && json !== undefined) throw new UsageError('give only one of --runtime-env and --runtime-env-json')
  const env = file === undefined ? { ...json } : readEnvFile(file)
  const folder = values.find('working-dir')
  if (folder !== undefined) env['working_dir'] = folder
  return env
}

function readEnvFile(file: string): Env {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new UsageError(`--runtime-env ${file} cannot be read: ${fileProblem(error)}`)
  }
  return parseObject(`--runtime-env ${file}`, text)
}

/**
 * Uploads what is on this machine, and names it by its address. An absolute path that is not here is left as it is: it may be on the nodes.
 * @throws UsageError, ClusterError
 */
export async function uploadRuntimeEnv(api: ApiClient, env: Env, terminal: Terminal): Promise<Env> {
  const excludes = env['excludes'] === undefined ? [] : texts('excludes', env['excludes'])
  const place = async (field: string, value: unknown, isModule: boolean): Promise<string> => {
    if (typeof value !== 'string' || value === '') throw new UsageError(`runtime_env.${field} must be a path, got ${JSON.stringify(value)}`)
    if (/^[a-z][a-z0-9+.-]*:\/\//i.test(value) || (isAbsolute(value) && !existsSync(value))) return value
    return uploadPackage(api, { path: value, excludes, isModule }, terminal)
  }
  const uploaded: Env = { ...env }
  if (env['working_dir'] !== undefined) uploaded['working_dir'] = await place('working_dir', env['working_dir'], false)
  if (env['py_modules'] !== undefined) {
    const modules: string[] = []
    for (const module of texts('py_modules', env['py_modules']))
      modules.push(await place('py_modules', module, !basename(module).endsWith('.whl')))
    uploaded['py_modules'] = modules
  }
  for (const name of ['pip', 'uv']) {
    const value = env[name]
    if (typeof value === 'string' && existsSync(value))
      uploaded[name] = readFileSync(value, 'utf8')
        .split(/\r?\n/)
        .filter((line) => line.trim() !== '')
  }
  return uploaded
}

function texts(field: string, value: unknown): string[] {
  if (Array.isArray(value) && value.every((each) => typeof each === 'string')) return value
  throw new UsageError(`runtime_env.${field} must be a list of texts`)
}
