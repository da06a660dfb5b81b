import { resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { isTerminalStatus, JobDetails } from '../../../runtime/api/jobs.ts'
import { ClusterError } from '../../../runtime/base/errors.ts'
import { type FlagValues, UsageError } from '../../../runtime/cli/command.ts'
import { exitCodeOf, printStatus } from '../../../runtime/cli/job/job-result.ts'
import { readRuntimeEnv } from '../../../runtime/cli/job/runtime-env-flags.ts'
import { createLogOutput, rawFlag } from '../../../runtime/cli/log-output.ts'
import { whyPackagesStay } from '../../../runtime/cli/packages/why-packages-stay.ts'
import type { GivenInput } from '../../contract/panel.ts'
import { topics } from '../../contract/topics.ts'
import type { Context } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import type { PanelSubcommand } from '../noun.ts'
import { jsonFlag, sshFlags } from '../panel-flags.ts'
import { commandLineFrom } from '../words/command-line.ts'
import { listFrom, onlyWord } from '../words/lists.ts'
import { printJson } from '../words/print.ts'
import { connectTo } from './link.ts'

export const jobOnCluster: PanelSubcommand = {
  name: 'job',
  summary: 'runs a command as a job of a cluster, through the tunnel, and follows its log',
  usage: ['shoal cluster job NAME [flags] -- COMMAND [ARGS …]'],
  flags: {
    'submission-id': { value: 'ID', help: 'of the job. Default: a fresh raysubmit_…' },
    'working-dir': { value: 'DIR', help: 'folder of this computer to run in: it is packed and uploaded' },
    'runtime-env': { value: 'FILE', help: 'JSON file with the runtime_env: env_vars, pip, uv … (docs/jobs.md)' },
    'runtime-env-json': { value: 'JSON', help: `the same, as text, such as '{"pip": ["humanize"]}'` },
    'num-cpus': { value: 'N', help: 'CPUs that the command holds' },
    'num-gpus': { value: 'N', help: 'GPUs that the command holds' },
    env: { value: 'NAME=VALUE,…', help: 'for the command. No secrets: everybody on the head can read them' },
    'no-wait': { help: 'return when the job is submitted' },
    raw: rawFlag,
    ...sshFlags,
    ...jsonFlag,
  },
  notes: ['Exit code: 0 the job succeeded, 1 it failed, 3 it was stopped. Ctrl-C ends the following, not the job.'],
  examples: ['shoal cluster job lab --working-dir . -- python train.py', 'shoal cluster job lab --num-gpus 1 --env LR=0.1 -- ./run.sh'],
  prepare({ values, words, behind }) {
    const name = onlyWord('cluster job', 'the name of a cluster', words)
    if (behind === undefined || behind.length === 0)
      throw new UsageError('cluster job needs a command behind --: shoal cluster job NAME -- COMMAND [ARGS …]')
    const job = jobFrom(values, commandLineFrom(behind))
    return async (context) => {
      const { panel, terminal, interrupts } = context
      const why = job.folder?.kind === 'folder' ? whyPackagesStay(job.folder.path, []) : undefined
      if (why !== undefined) terminal.warn(why)
      const cluster = await connectTo(context, name)
      const { signal } = interrupts
      const { submissionId: id } = await panel.call('jobs.submit', { cluster: cluster.id, ...job }, { signal })
      if (values.has('no-wait')) {
        if (terminal.isJson) printJson(terminal, { submission_id: id })
        else terminal.print(`Submitted job ${id} to ${cluster.name}.`)
        return exitCodes.ok
      }
      terminal.warn(`Job ${id} on ${cluster.name}; its log:`)
      return follow(context, { cluster: cluster.id, id })
    }
  },
}

type Job = { readonly cluster: string; readonly id: string }

async function follow(context: Context, job: Job): Promise<number> {
  const { panel, terminal, values, interrupts } = context
  const output = createLogOutput(terminal, values.has('raw'))
  try {
    await followLog(context, job, output.write)
  } catch (error) {
    if (!interrupts.signal.aborted) throw error
    terminal.warn(`No longer following job ${job.id}; it goes on.`)
    return exitCodes.interrupted
  } finally {
    await output.end()
  }
  for (;;) {
    const { body } = await panel.call(
      'api.read',
      { cluster: job.cluster, route: 'getJob', params: { id: job.id } },
      { signal: interrupts.signal },
    )
    const details = JobDetails.parse(body)
    if (isTerminalStatus(details.status)) {
      printStatus(details, terminal, 'after its log')
      return exitCodeOf(details)
    }
    await delay(200, undefined, { signal: interrupts.signal }) // its last line comes a little before its end
  }
}

/** Writes the log piece by piece until its end. */
async function followLog({ panel, interrupts }: Context, { cluster, id }: Job, write: (text: string) => Promise<void>): Promise<void> {
  const { streamId } = await panel.call('logs.followJob', { cluster, job: id }, { signal: interrupts.signal })
  let written: Promise<void> = Promise.resolve()
  let subscription: { close(): void } | undefined
  try {
    await new Promise<void>((resolve, reject) => {
      interrupts.signal.addEventListener('abort', () => reject(new ClusterError('task.cancelled', 'the following was interrupted')), {
        once: true,
      })
      subscription = panel.subscribe(`job-log/${streamId}`, (event) => {
        const { text, isEnd, failure } = topics.jobLog.event.parse(event)
        written = written.then(() => write(text)).catch(() => {}) // nobody reads our output any more: the process ends of that
        if (failure !== null) reject(new ClusterError('link.closed', `the log of job ${id} broke off: ${failure}`))
        else if (isEnd) resolve()
      })
    })
  } finally {
    subscription?.close()
    await panel.call('logs.stopFollowing', { streamId }).catch(() => {}) // it has ended
    await written
  }
}

function jobFrom(values: FlagValues, entrypoint: string): Omit<GivenInput<'jobs.submit'>, 'cluster'> {
  const env = listFrom('--env', values.find('env'))?.map((pair): [string, string] => {
    const at = pair.indexOf('=')
    if (at < 1) throw new UsageError(`--env must be NAME=VALUE with commas between them, got ${JSON.stringify(pair)}`)
    return [pair.slice(0, at), pair.slice(at + 1)]
  })
  const { working_dir: folder, ...runtimeEnv } = readRuntimeEnv(values)
  if (env) runtimeEnv['env_vars'] = { ...Object(runtimeEnv['env_vars']), ...Object.fromEntries(env) }
  return {
    entrypoint,
    submissionId: values.find('submission-id'),
    resources: { cpus: amountFrom(values, 'num-cpus'), gpus: amountFrom(values, 'num-gpus') },
    ...(Object.keys(runtimeEnv).length > 0 ? { runtimeEnv } : {}),
    ...(folder === undefined ? {} : { folder: { kind: 'folder', path: resolve(String(folder)) } }),
  }
}

function amountFrom(values: FlagValues, flag: string): number | undefined {
  const text = values.find(flag)
  if (text === undefined) return undefined
  const amount = Number(text)
  if (text.trim() === '' || !(amount >= 0 && amount <= 1e9))
    throw new UsageError(`--${flag} must be a number, 0 or more, got ${JSON.stringify(text)}`)
  return amount
}
