import { expect, test } from 'vitest'
import { JobDetails, JobLogsResponse, JobSubmitResponse } from '#runtime/api/jobs.ts'
import { ApiClient } from '#runtime/client/api-client.ts'
import { startCluster } from '#test/support/cluster.ts'

/** The head had what the node wrote up to its last look, half a second before: the end of a job's log went with the node. */
test('the log of a job is whole on the head when its node leaves right after it', async () => {
  const cluster = await startCluster({ nodes: [{ cpus: 1 }], api: true })
  const api = new ApiClient({ url: cluster.apiUrl, token: cluster.token() })
  try {
    for (let round = 0; round < 3; round += 1) {
      const node = await cluster.addNode({ cpus: 1, resources: { other: 1 } })
      const json = { entrypoint: `echo "round ${round} is over"`, entrypoint_resources: { other: 0.5 } }
      const { submission_id: id } = await api.sendJson({ method: 'POST', path: '/api/jobs/', json }, JobSubmitResponse)
      const status = async () => (await api.getJson(`/api/jobs/${id}`, JobDetails)).status
      await expect.poll(status, { timeout: 20_000, interval: 20 }).toBe('SUCCEEDED')
      await cluster.stopNode(node)
      expect((await api.getJson(`/api/jobs/${id}/logs`, JobLogsResponse)).logs).toContain(`round ${round} is over`)
    }
  } finally {
    api.close()
    await cluster.stop()
  }
})
