import { commandOf } from '../subcommands.ts'
import { deleteJob, listJobs, statusOfJob, stopJob } from './manage.ts'
import { logsOfJob } from './logs.ts'
import { submitJob } from './submit.ts'

/** `shoal job …`, with the words of `ray job …`. */
export const job = commandOf({
  name: 'job',
  summary: 'Submits commands as jobs, and looks after them.',
  subcommands: [submitJob, listJobs, statusOfJob, logsOfJob, stopJob, deleteJob],
})
