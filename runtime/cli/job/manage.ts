import { setTimeout as delay } from 'node:timers/promises'
import { isTerminalStatus, JobDeleteResponse, JobDetails, JobList, JobStopResponse, jobsPath } from '../../api/jobs.ts'
import { type FlagValues, commonFlags, type Terminal, UsageError } from '../command.ts'
import type { ApiClient } from '../../client/api-client.ts'
import { apiFlags, openApi } from '../http/api-target.ts'
import { jobPath } from './job-tail.ts'
import { plainText } from '../state/print-rows.ts'
import type { Subcommand } from '../subcommands.ts'
import { onlyId } from './only-id.ts'
import { printStatus } from './job-result.ts'

const flags = { ...apiFlags, ...commonFlags }
const pollMs = 500

/** One terminal for both places where `--json` may stand. */
const speaking = (terminal: Terminal, values: FlagValues): Terminal => ({ ...terminal, isJson: terminal.isJson || values.has('json') })

export const listJobs: Subcommand = {
  name: 'list',
  summary: 'all jobs',
  usage: ['shoal job list'],
  flags,
  prepare(values, [word]) {
    if (word !== undefined) throw new UsageError(`job list takes no argument ${JSON.stringify(word)}; see shoal job list --help`)
    return async (terminal) => {
      const jobs = await openApi(values).getJson(jobsPath, JobList)
      if (values.has('json') || terminal.isJson) terminal.print(JSON.stringify(jobs))
      else terminal.print(jobs.length === 0 ? 'No jobs.' : table(jobs))
      return 0
    }
  },
}

export const statusOfJob: Subcommand = {
  name: 'status',
  summary: 'how a job stands',
  usage: ['shoal job status SUBMISSION_ID'],
  flags,
  prepare(values, words) {
    const id = onlyId('status', words)
    return async (terminal) => {
      printStatus(await openApi(values).getJson(jobPath(id), JobDetails), speaking(terminal, values))
      return 0
    }
  },
}

export const stopJob: Subcommand = {
  name: 'stop',
  summary: 'ends a job',
  usage: ['shoal job stop SUBMISSION_ID [--no-wait]'],
  flags: { 'no-wait': { help: 'do not wait until it has ended' }, ...flags },
  prepare(values, words) {
    const id = onlyId('stop', words)
    return async (plain) => {
      const terminal = speaking(plain, values)
      const api = openApi(values)
      if (!terminal.isJson) terminal.print(`Attempting to stop job '${id}'`)
      await api.sendJson({ method: 'POST', path: jobPath(id, '/stop') }, JobStopResponse)
      if (values.has('no-wait')) return 0
      if (!terminal.isJson) terminal.print(`Waiting for job '${id}' to exit (disable with --no-wait):`)
      printStatus(await untilEnded(api, id), terminal)
      return 0
    }
  },
}

async function untilEnded(api: ApiClient, id: string): Promise<JobDetails> {
  for (;;) {
    const details = await api.getJson(jobPath(id), JobDetails)
    if (isTerminalStatus(details.status)) return details
    await delay(pollMs)
  }
}

export const deleteJob: Subcommand = {
  name: 'delete',
  summary: 'forgets a job that has ended',
  usage: ['shoal job delete SUBMISSION_ID'],
  flags,
  prepare(values, words) {
    const id = onlyId('delete', words)
    return async (plain) => {
      const terminal = speaking(plain, values)
      const answer = await openApi(values).sendJson({ method: 'DELETE', path: jobPath(id) }, JobDeleteResponse)
      terminal.print(terminal.isJson ? JSON.stringify(answer) : `Job '${id}' deleted successfully`)
      return 0
    }
  },
}

const widestEntrypoint = 60

function table(jobs: readonly JobDetails[]): string {
  const rows = jobs.map(({ submission_id: id, job_id: job, type, status, entrypoint, start_time: start }) => [
    id ?? job ?? '',
    type,
    status,
    start === null ? '' : new Date(start).toISOString().slice(0, 19).replace('T', ' '),
    plainText(entrypoint).slice(0, widestEntrypoint),
  ])
  const all = [['ID', 'TYPE', 'STATUS', 'STARTED (UTC)', 'ENTRYPOINT'], ...rows]
  const widths = [0, 1, 2, 3].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
