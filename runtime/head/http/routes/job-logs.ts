import { JobPath } from '../../../api/jobs.ts'
import { JobTailQuery, logGoneCode } from '../../../api/logs.ts'
import { ClusterError } from '../../../base/errors.ts'
import { tailJob } from '../../logs/tail-job.ts'
import type { HeadApp, HttpParts } from '../parts.ts'
import { pathValues, queryValues } from '../request-values.ts'

/**
 * The log of a job as it is written (Ray: job_head.py `tail_job_logs`). It ends with 1000 only when the job has ended and all was sent;
 * whatever goes wrong breaks the connection, as Ray's clients take any orderly end for success. Ours are told when it is of no use to ask again.
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
        try {
          await tailJob({
            service: logs,
            findLog: () => jobs.logFileOf(id),
            ended: ended.signal,
            offset,
            signal: socket.signal,
            send: (frame) => (format === 'json' ? socket.sendJson(frame) : socket.send(frame.text)),
          })
        } catch (error) {
          if (format !== 'json' || !isGone(error) || !jobs.isTerminal(id)) throw error
          return socket.close(logGoneCode, 'the log is gone')
        }
        socket.close(1000, 'the job has ended')
      },
    }
  })
}

const isGone = (error: unknown): boolean => error instanceof ClusterError && (error.code === 'not-found' || error.code === 'node.died')
