import { JobDetails, JobLogsResponse } from '../../api/jobs.ts'
import { commonFlags } from '../command.ts'
import { apiFlags, openApi } from '../http/api-target.ts'
import { createLogOutput, rawFlag } from '../log-output.ts'
import { followLog } from './follow-log.ts'
import { jobPath } from './job-tail.ts'
import type { Subcommand } from '../subcommands.ts'
import { onlyId } from './only-id.ts'
import { exitCodeOf, printStatus } from './job-result.ts'
import { stopOnInterrupt } from './stop-following.ts'

export const logsOfJob: Subcommand = {
  name: 'logs',
  summary: 'prints the log of a job',
  usage: ['shoal job logs SUBMISSION_ID [-f]'],
  flags: { follow: { help: 'go on until the job has ended; -f for short' }, raw: rawFlag, ...apiFlags, ...commonFlags },
  notes: ['With --follow the exit code is that of the job: 0 succeeded, 1 failed, 3 stopped.'],
  prepare(values, words) {
    const id = onlyId('logs', words)
    const isFollowing = values.has('follow')
    return async (plain) => {
      const terminal = { ...plain, isJson: plain.isJson || values.has('json') }
      const api = openApi(values)
      const output = createLogOutput(terminal, values.has('raw'))
      if (!isFollowing) {
        const { logs } = await api.getJson(jobPath(id, '/logs'), JobLogsResponse)
        if (terminal.isJson) terminal.print(JSON.stringify({ logs }))
        else await output.write(logs)
        await output.end()
        return 0
      }
      await api.getJson(jobPath(id), JobDetails) // who typed a wrong address or id hears it at once
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
  },
}
