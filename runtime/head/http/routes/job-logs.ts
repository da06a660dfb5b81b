import { JobPath } from '../../../api/jobs.ts'
import { JobTailQuery } from '../../../api/logs.ts'
import { tailJob } from '../../logs/tail-job.ts'
import type { HeadApp, HttpParts } from '../parts.ts'
import { pathValues, queryValues } from '../request-values.ts'

/**
 * The log of a job as it is written (Ray: job_head.py `tail_job_logs`). It ends with 1000 only when the job has ended and all was sent;
 * whatever goes wrong breaks the connection, as Ray's clients take any orderly end for success.
 */
export function jobTailRoutes(app: HeadApp, { jobs, logs }: HttpParts): void {
  app.webSocket('/api/jobs/:id/logs/tail', (context) => {
    const { id } = pathValues(context, JobPath)
    const { offset, format } = queryValues(context, JobTailQuery)
    jobs.logFileOf(id) // 404 and 400 come as plain HTTP, before the socket is there
    return {
      options: { whenSlow: 'abort' },
      run: async (socket) => {
        const ended = new AbortController()
        jobs.waitTerminal(id, socket.signal).then(
          () => ended.abort(),
          () => {}, // the client went
        )
        if (jobs.isTerminal(id)) ended.abort()
        await tailJob({
          service: logs,
          findLog: () => jobs.logFileOf(id),
          ended: ended.signal,
          offset,
          signal: socket.signal,
          send: (frame) => (format === 'json' ? socket.sendJson(frame) : socket.send(frame.text)),
        })
        socket.close(1000, 'the job has ended')
      },
    }
  })
}
