import type { JobDetails } from '../../api/jobs.ts'
import type { Terminal } from '../command.ts'

/** 0 when it succeeded, 1 when it failed, 3 when it was stopped. */
export function exitCodeOf({ status }: Pick<JobDetails, 'status'>): number {
  return status === 'SUCCEEDED' ? 0 : status === 'STOPPED' ? 3 : 1
}

/** Says how a job stands, in Ray's words. */
export function printStatus(details: JobDetails, terminal: Terminal, when: 'alone' | 'after its log' = 'alone'): void {
  const id = details.submission_id ?? details.job_id ?? ''
  if (terminal.isJson) return terminal.print(JSON.stringify(details))
  switch (details.status) {
    case 'SUCCEEDED':
      return terminal.print(box(`Job '${id}' succeeded`))
    case 'STOPPED':
      return terminal.print(`Job '${id}' was stopped`)
    case 'FAILED':
      terminal.print(box(`Job '${id}' failed`))
      return terminal.print(`Status message: ${(when === 'alone' ? details.message : withoutLog(details.message)) ?? ''}`)
    case 'PENDING':
    case 'RUNNING':
      terminal.print(`Status for job '${id}': ${details.status}`)
      return terminal.print(`Status message: ${details.message ?? ''}`)
  }
}

/** Ray's heads and ours put the end of the log into the message of a job that failed. */
function withoutLog(message: string | null | undefined): string | null | undefined {
  const said = /^(.+?)[.,] (?:The end of its log|last available logs) \([^)]*\):\n/s.exec(message ?? '')
  return said ? `${said[1]}.` : message
}

export function box(text: string): string {
  const line = '-'.repeat(text.length)
  return `\n${line}\n${text}\n${line}\n`
}
