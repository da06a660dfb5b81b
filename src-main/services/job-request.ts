import { ShoalJobSubmitRequest } from '../../runtime/api/jobs.ts'
import { ClusterError } from '../../runtime/base/errors.ts'
import type { JobSpec } from '../contract/jobs.ts'
import { quoteForSh, wordForSh } from '../ssh/shell-quote.ts'

/** What the head is sent. `workingDir` takes the place of the one that the environment names. */
export function requestOf({ entrypoint, submissionId, runtimeEnv, metadata, priority, resources, labels }: JobSpec, workingDir?: string) {
  const { cpus, gpus, memoryBytes, custom } = resources
  const env = workingDir === undefined ? runtimeEnv : { ...runtimeEnv, working_dir: workingDir }
  return withoutUndefined({
    entrypoint,
    submission_id: submissionId,
    runtime_env: env,
    metadata,
    priority,
    entrypoint_num_cpus: cpus,
    entrypoint_num_gpus: gpus,
    entrypoint_memory: memoryBytes,
    entrypoint_resources: custom,
    entrypoint_label_selector: labels,
  })
}

const withoutUndefined = (record: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined))

/** What a form leaves empty is not asked for: an empty record would mean any node rather than that of the head. */
export function withoutEmpty(spec: JobSpec): JobSpec {
  const { labels, resources, ...rest } = spec
  const { custom, ...amounts } = resources
  const isFilled = (record: object | undefined) => record !== undefined && Object.keys(record).length > 0
  return { ...rest, ...(isFilled(labels) ? { labels } : {}), resources: { ...amounts, ...(isFilled(custom) ? { custom } : {}) } }
}

/** What of it no head takes, in sentences. */
export function problemsOf(request: unknown): string[] {
  const parsed = ShoalJobSubmitRequest.safeParse(request)
  return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${path.map(String).join('.')} ${message}`.slice(0, 1_000))
}

/** @throws ClusterError `bad-argument` naming all that is wrong */
export function parseRequest(request: unknown): ShoalJobSubmitRequest {
  const problems = problemsOf(request)
  if (problems.length > 0) throw new ClusterError('bad-argument', problems.join('; '))
  return ShoalJobSubmitRequest.parse(request)
}

/** Left out of the package by name or pattern, as the environment says. */
export function excludesOf({ runtimeEnv }: Pick<JobSpec, 'runtimeEnv'>): readonly string[] {
  const excludes = runtimeEnv?.['excludes']
  return Array.isArray(excludes) ? excludes.filter((each) => typeof each === 'string') : []
}

const flags = {
  submission_id: '--submission-id',
  priority: '--priority',
  entrypoint_num_cpus: '--entrypoint-num-cpus',
  entrypoint_num_gpus: '--entrypoint-num-gpus',
  entrypoint_memory: '--entrypoint-memory',
  entrypoint_resources: '--entrypoint-resources',
  entrypoint_label_selector: '--entrypoint-label-selector',
  metadata: '--metadata-json',
} as const

type Place = { readonly engine: 'shoal' | 'ray'; readonly folder: string | undefined }

/** The line of a terminal that submits the same, with `folder` as the folder there; to a Ray head, in the words of its own command line. */
export function commandLineOf(request: Readonly<Record<string, unknown>>, { engine, folder }: Place): string {
  const { working_dir: workingDir, ...env } = { ...(request['runtime_env'] as Record<string, unknown> | undefined) } // as `requestOf` puts it there
  const words: string[] = [engine, 'job', 'submit']
  const place = folder ?? workingDir
  if (typeof place === 'string') words.push('--working-dir', place)
  if (Object.keys(env).length > 0) words.push('--runtime-env-json', JSON.stringify(env))
  for (const [name, flag] of Object.entries(flags)) {
    const value = request[name]
    if (value === undefined) continue
    if (name === 'metadata' && Object.keys(value as object).length === 0) continue // a record, as `requestOf` puts it there
    words.push(flag, typeof value === 'object' ? JSON.stringify(value) : String(value))
  }
  const command = String(request['entrypoint'])
  return `${words.map(wordForSh).join(' ')} -- ${engine === 'ray' ? rayWords(command) : wordForSh(command)}`
}

/** Ray quotes each word of the command anew, so that only a shell of its own sees signs that mean something to one. */
const rayWords = (command: string): string => (/^[\w@%+=:,./ -]+$/.test(command) ? command : `sh -c ${quoteForSh(command)}`)
