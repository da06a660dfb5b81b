import { JobPath, JobSubmitRequest, shoalJobsPath, ShoalJobSubmitRequest } from '../../../api/jobs.ts'
import { ClusterError } from '../../../base/errors.ts'
import type { JobLogPlace } from '../../jobs/job-service.ts'
import type { LogService } from '../../logs/log-service.ts'
import type { HeadApp, HttpParts } from '../parts.ts'
import { pathValues, readJson } from '../request-values.ts'

type Logs = Pick<LogService, 'read'>
const logChunkBytes = 524_288

/** Submitted jobs (Ray: dashboard/modules/job/job_head.py). Paths are exact: `/api/jobs` without its slash is not found, as there. */
export function jobRoutes(app: HeadApp, { jobs, logs }: HttpParts & { readonly logs?: Logs }): void {
  app.post('/api/jobs/', async (context) => {
    const submissionId = await jobs.submit(await readJson(context, JobSubmitRequest))
    return context.json({ job_id: submissionId, submission_id: submissionId })
  })
  app.get('/api/jobs/', (context) => context.json(jobs.list()))
  app.get('/api/jobs/:id', (context) => context.json(jobs.get(pathValues(context, JobPath).id)))
  app.post('/api/jobs/:id/stop', async (context) => context.json({ stopped: await jobs.stop(pathValues(context, JobPath).id) }))
  app.delete('/api/jobs/:id', async (context) => {
    await jobs.remove(pathValues(context, JobPath).id)
    return context.json({ deleted: true })
  })
  app.get('/api/jobs/:id/logs', async (context) => {
    const place = jobs.logFileOf(pathValues(context, JobPath).id)
    const text = place === undefined ? emptyText() : await openLog(logs, place)
    return new Response(jsonOfText('logs', text), { headers: { 'content-type': 'application/json; charset=utf-8' } })
  })
}

/** The same with what Ray has no field for. The list of them is one of those in shoal-lists.ts. */
export function shoalJobRoutes(app: HeadApp, { jobs }: HttpParts): void {
  app.post(shoalJobsPath, async (context) => {
    const submissionId = await jobs.submit(await readJson(context, ShoalJobSubmitRequest))
    return context.json({ job_id: submissionId, submission_id: submissionId })
  })
  app.get(`${shoalJobsPath}/:id`, (context) => context.json(jobs.getDetailed(pathValues(context, JobPath).id)))
}

// oxlint-disable-next-line require-yield -- a log without anything in it
async function* emptyText(): AsyncGenerator<string, void> {}

/** The whole log as text, as far as it goes now. A job that never wrote one has an empty one. @throws ClusterError when it cannot be read. */
async function openLog(logs: Logs | undefined, place: JobLogPlace): Promise<AsyncGenerator<string, void>> {
  if (logs === undefined) throw new ClusterError('not-supported', 'this head serves no logs')
  const read = (offset: number) => logs.read({ ...place, offset, maxBytes: logChunkBytes })
  try {
    const first = await read(0)
    return textOf(first, read)
  } catch (error) {
    if (error instanceof ClusterError && error.code === 'not-found') return emptyText()
    throw error
  }
}

type Chunk = Awaited<ReturnType<Logs['read']>>
async function* textOf(first: Chunk, read: (offset: number) => Promise<Chunk>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder()
  const endsAt = first.sizeBytes
  for (let chunk = first; chunk.bytes.byteLength > 0; ) {
    yield decoder.decode(chunk.bytes, { stream: true })
    const next = chunk.offset + chunk.bytes.byteLength
    if (next >= endsAt) break
    chunk = await read(next)
  }
  yield decoder.decode()
}

/** `{"<key>": "…"}`, written piece by piece: the text may be larger than what may be in memory. */
function jsonOfText(key: string, text: AsyncGenerator<string, void>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  let isOpen = false
  return new ReadableStream({
    async pull(controller) {
      if (!isOpen) {
        isOpen = true
        controller.enqueue(encoder.encode(`{${JSON.stringify(key)}: "`))
      }
      const { done, value } = await text.next()
      if (done !== true) return controller.enqueue(encoder.encode(JSON.stringify(value).slice(1, -1)))
      controller.enqueue(encoder.encode('"}'))
      controller.close()
    },
    async cancel() {
      await text.return()
    },
  })
}
