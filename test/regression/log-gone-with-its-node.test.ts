import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { JobDetails, JobSubmitResponse } from '#runtime/api/jobs.ts'
import { followLog } from '#runtime/cli/job/follow-log.ts'
import { ApiClient } from '#runtime/client/api-client.ts'
import { listen, openPanelOver } from '#test/src-main/services/panel-over-cluster.ts'
import { startCluster } from '#test/support/cluster.ts'
import { until } from '#test/support/panel.ts'

/** The panel asked again and again for two minutes, and then said that the connection was broken; its recorder asked for ever. */
test('who follows a log that went with its node is told so at once', async () => {
  const cluster = await startCluster({ nodes: [{ cpus: 1 }], api: true })
  onTestFinished(() => cluster.stop())
  const api = () => new ApiClient({ url: cluster.apiUrl, token: cluster.token() })
  const id = 'gone'
  const first = api()
  const status = async () => (await first.getJson(`/api/jobs/${id}`, JobDetails)).status
  const node = await cluster.addNode({ cpus: 1, resources: { far: 1 } })
  const json = { entrypoint: 'echo one; sleep 600', submission_id: id, entrypoint_resources: { far: 1 } }
  await first.sendJson({ method: 'POST', path: '/api/jobs/', json }, JobSubmitResponse)
  await expect.poll(status, { timeout: 30_000 }).toBe('RUNNING')
  await cluster.killNode(node)
  await expect.poll(status, { timeout: 30_000 }).toBe('FAILED')
  first.close()
  await cluster.killHead()
  const copies = join(cluster.tempDir, 'head', 'log-copies')
  expect(existsSync(copies)).toBe(true)
  rmSync(copies, { recursive: true }) // as when the node was lost before its first half second was over
  await cluster.restartHead()

  const { panel } = await openPanelOver(cluster)
  onTestFinished(() => panel.dispose())
  const { streamId } = await panel.host.call('logs.followJob', { cluster: 'lab', job: id })
  const { events } = listen<{ isEnd: boolean; failure: string | null }>(panel, `job-log/${streamId}`)
  await until('the end of the log', () => events.at(-1)?.isEnd || undefined)
  expect(events).toEqual([
    { offset: 0, text: '', isEnd: true, failure: expect.stringMatching(/the log of job gone is gone: its node was lost/) },
  ])

  const second = api()
  onTestFinished(() => second.close())
  const warnings: string[] = []
  const following = {
    signal: new AbortController().signal,
    terminal: { warn: (text: string) => void warnings.push(text) },
    write: () => {},
  }
  expect(await followLog(second, id, following)).toMatchObject({ status: 'FAILED' })
  expect(warnings).toEqual([expect.stringContaining("the log of job 'gone' is gone")])
})
