import type { JobDetails } from '../../api/jobs.ts'
import type { Terminal } from '../command.ts'

/** 0 when it succeeded, 1 when it failed, 3 when it was stopped. */
export function exitCodeOf({ status }: Pick<JobDetails, 'status'>): number {
  return status === 'SUCCEEDED' ? 0 : status === 'STOPPED' ? 3 : 1
}

/** Says how a job stands, in Ray's words. */
export function printStatus(details: JobDetails, terminal: Terminal): void {
  const id = details.submission_id ?? details.job_id ?? ''
  if (terminal.isJson) return terminal.print(JSON.stringify(details))
  switch (details.status) {
    case 'SUCCEEDED':
      return terminal.print(box(`Job '${id}' succeeded`))
    case 'STOPPED':
      return terminal.print(`Job '${id}' was stopped`)
    case 'FAILED':
      terminal.print(box(`Job '${id}' failed`))
      return terminal.print(`Status message: ${details.message ?? ''}`)
    case 'PENDING':
    case 'RUNNING':
      terminal.print(`Status for job '${id}': ${details.status}`)
      return terminal.print(`Status message: ${details.message ?? ''}`)
  }
}

export function box(text: string): string {
  const line = '-'.repeat(text.length)
  return `\n${line}\n${text}\n${line}\n`
}
