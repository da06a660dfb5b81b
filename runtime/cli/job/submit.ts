import { JobSubmitResponse, jobsPath, shoalJobsPath } from '../../api/jobs.ts'
import { commonFlags, type FlagValues, type Terminal, UsageError } from '../command.ts'
import type { ApiClient } from '../../client/api-client.ts'
import { apiFlags, openApi } from '../http/api-target.ts'
import { createLogOutput, rawFlag } from '../log-output.ts'
import { parseSize } from '../values.ts'
import { followLog } from './follow-log.ts'
import type { Subcommand } from '../subcommands.ts'
import { box, exitCodeOf, printStatus } from './job-result.ts'
import { parseJsonObject, readRuntimeEnv, uploadRuntimeEnv } from './runtime-env-flags.ts'
import { stopOnInterrupt } from './stop-following.ts'

const submitFlags = {
  'submission-id': { value: 'ID', help: 'of the job: letters, digits, _ . and -. Default: a fresh raysubmit_…' },
  'job-id': { value: 'ID', help: 'the older name of --submission-id' },
  'working-dir': { value: 'DIR', help: 'folder to run in: it is uploaded, or a .zip, .tar.gz or gcs:// address' },
  'runtime-env': { value: 'FILE', help: 'JSON file with the runtime_env: working_dir, env_vars, py_modules, pip, uv, excludes …' },
  'runtime-env-json': { value: 'JSON', help: 'the same, as text' },
  'entrypoint-num-cpus': { value: 'N', help: 'CPUs that the command holds; with any of these it runs on a node that has them' },
  'entrypoint-num-gpus': { value: 'N', help: 'the same for GPUs' },
  'entrypoint-memory': { value: 'SIZE', help: 'the same for memory, such as 2GiB' },
  'entrypoint-resources': { value: 'JSON', help: `the same for custom resources, such as '{"license": 1}'` },
  'entrypoint-label-selector': { value: 'JSON', help: `labels that its node must have, such as '{"zone": "in(a,b)"}'` },
  'metadata-json': { value: 'JSON', help: 'texts by name, kept with the job' },
  priority: { value: 'N', help: 'higher starts first, from -1000 to 1000. Default: 0. Not known to a Ray head' },
  'no-wait': { help: 'return when the job is submitted' },
  raw: rawFlag,
  ...apiFlags,
  ...commonFlags,
} as const

export const submitJob: Subcommand = {
  name: 'submit',
  summary: 'runs a command on the cluster and follows its log',
  usage: ['shoal job submit [flags] -- COMMAND [ARGS …]'],
  flags: submitFlags,
  takesCommandLine: true,
  notes: [
    'One word behind -- is a line for the shell: shoal job submit -- "make && ./run". Several are one command with its arguments.',
    'Exit code: 0 the job succeeded, 1 it failed, 3 it was stopped. Ctrl-C ends the following, not the job.',
  ],
  examples: ['shoal job submit --working-dir . -- node main.ts', 'shoal job submit --no-wait --entrypoint-num-gpus 1 -- python train.py'],
  prepare(values, words) {
    const request = requestFrom(values, words)
    const runtimeEnv = readRuntimeEnv(values)
    return async (plain) => {
      const terminal = { ...plain, isJson: plain.isJson || values.has('json') }
      const api = openApi(values)
      const uploaded = await uploadRuntimeEnv(api, runtimeEnv, terminal)
      const json = { ...request, runtime_env: uploaded }
      const path = 'priority' in request ? shoalJobsPath : jobsPath
      const { submission_id: id } = await api.sendJson({ method: 'POST', path, json }, JobSubmitResponse)
      if (values.has('no-wait')) return afterSubmit(id, terminal)
      return follow(api, id, { terminal, isRaw: values.has('raw') })
    }
  },
}

function afterSubmit(id: string, terminal: Terminal): number {
  if (terminal.isJson) terminal.print(JSON.stringify({ submission_id: id }))
  else terminal.print(`${box(`Job '${id}' submitted successfully`)}\n${nextSteps(id)}`)
  return 0
}

async function follow(api: ApiClient, id: string, { terminal, isRaw }: { terminal: Terminal; isRaw: boolean }): Promise<number> {
  const output = createLogOutput(terminal, isRaw)
  if (!terminal.isJson)
    terminal.print(
      `${box(`Job '${id}' submitted successfully`)}\n${nextSteps(id)}\n\nTailing logs until the job exits (disable with --no-wait):`,
    )
  const { signal, interruptedCode } = stopOnInterrupt(terminal, id)
  try {
    const details = await followLog(api, id, { signal, terminal, write: output.write })
    await output.end()
    printStatus(details, terminal, 'after its log')
    return exitCodeOf(details)
  } catch (error) {
    await output.end()
    if (signal.aborted) return interruptedCode
    throw error
  }
}

const nextSteps = (id: string): string =>
  [
    'Next steps',
    '  Query the logs of the job:',
    `    shoal job logs ${id}`,
    '  Query the status of the job:',
    `    shoal job status ${id}`,
    '  Request the job to be stopped:',
    `    shoal job stop ${id}`,
  ].join('\n')

function requestFrom(values: FlagValues, words: readonly string[]): Record<string, unknown> {
  const [first, ...more] = words
  if (first === undefined) throw new UsageError('job submit needs a command: shoal job submit -- COMMAND [ARGS …]')
  const entrypoint = more.length === 0 ? first : words.map(quoted).join(' ')
  const id = values.find('submission-id') ?? values.find('job-id')
  const memory = values.find('entrypoint-memory')
  return withoutUndefined({
    entrypoint,
    submission_id: id,
    entrypoint_num_cpus: amount(values, 'entrypoint-num-cpus'),
    entrypoint_num_gpus: amount(values, 'entrypoint-num-gpus'),
    entrypoint_memory: memory === undefined ? undefined : parseSize('--entrypoint-memory', memory),
    entrypoint_resources: parseJsonObject(values, 'entrypoint-resources'),
    entrypoint_label_selector: parseJsonObject(values, 'entrypoint-label-selector'),
    metadata: parseJsonObject(values, 'metadata-json') ?? {},
    priority: priority(values.find('priority')),
  })
}

const withoutUndefined = (record: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined))

/** As Python's shlex.join. */
const quoted = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`)

function amount(values: FlagValues, name: string): number | undefined {
  const text = values.find(name)
  if (text === undefined) return undefined
  const value = Number(text)
  if (text.trim() === '' || !(value >= 0 && value <= 1e15))
    throw new UsageError(`--${name} must be a number, 0 or more, got ${JSON.stringify(text)}`)
  return value
}

function priority(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (text.trim() !== '' && Number.isInteger(value) && Math.abs(value) <= 1_000) return value
  throw new UsageError(`--priority must be a whole number from -1000 to 1000, got ${JSON.stringify(text)}`)
}
