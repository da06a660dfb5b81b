import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { detectCapabilities } from '#src-main/cluster/capabilities.ts'
import { type ClusterClient, openClusterClient } from '#src-main/cluster/cluster-client.ts'
import { startCluster, type TestCluster } from '#test/support/cluster.ts'
import { directTunnel, portOf } from './direct.ts'

let cluster: TestCluster
let client: ClusterClient

beforeAll(async () => {
  cluster = await startCluster({ nodes: [{ cpus: 2 }, { cpus: 1 }], api: true })
  client = openClusterClient({ tunnel: () => directTunnel(portOf(cluster.apiUrl)), token: cluster.token() })
})
afterAll(async () => {
  client.close()
  await cluster.stop()
})

async function ended(id: string): Promise<string> {
  for (;;) {
    const { status } = await client.getJob(id)
    if (status !== 'PENDING' && status !== 'RUNNING') return status
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

describe('a client of a running head', () => {
  test('finds out what the head is and that nothing is missing', async () => {
    const found = await detectCapabilities(client)
    expect(found).toMatchObject({ engine: 'shoal', shoalVersion: expect.stringMatching(/^\d/), missing: { serve: expect.any(String) } })
    expect(found.clusterId).toMatch(/^[0-9a-f]{56}$/)
  })

  test('lists nodes page by page with exact counts, and plans a drain without draining', async () => {
    const first = await client.page('pageNodes', { limit: 1, sort: 'node_name' })
    expect([first.total, first.matched, first.rows.length]).toEqual([2, 2, 1])
    const second = await client.page('pageNodes', { limit: 1, sort: 'node_name', cursor: first.next ?? '' })
    expect(second.next).toBeNull()
    const ids = [...first.rows, ...second.rows].map((row) => row['node_id'])
    expect(new Set(ids)).toEqual(new Set(cluster.nodes.map(({ nodeId }) => nodeId)))
    const other = cluster.nodes[1]?.nodeId ?? ''
    expect(await client.drainNode(other, { dryRun: true })).toMatchObject({ action: 'drain', dryRun: true, done: false })
    const after = await client.page('pageNodes', { filter: [`node_id:eq:${other}`], detail: true })
    expect(after.rows[0]).toMatchObject({ is_draining: false })
  })

  test('submits a job with an uploaded folder, and tails its log from any byte', async () => {
    const archive = Buffer.from(
      'UEsDBAoAAAAAAAAAIQAAAAAAAAAAAAAAAAABAAAAYVBLAQIKAwoAAAAAAAAAIQAAAAAAAAAAAAAAAAABAAAAAAAAAAAAAACkgQAAAABhUEsFBgAAAAABAAEALwAAAB8AAAAAAA==',
      'base64',
    ) // a zip with the empty file `a`
    const name = `_ray_pkg_${createHash('sha256').update(archive).digest('hex').slice(0, 16)}.zip`
    let opened = 0
    const file = {
      name,
      open: () => {
        opened += 1
        return Readable.from([archive])
      },
      sizeBytes: archive.byteLength,
    }
    expect(await client.uploadPackage(file)).toBe(`gcs://${name}`)
    expect(await client.uploadPackage(file)).toBe(`gcs://${name}`)
    expect(opened).toBe(1)
    const { submission_id: id } = await client.submitJob({
      entrypoint: 'ls; for i in 1 2 3; do echo line $i; done',
      runtime_env: { working_dir: `gcs://${name}` },
    })
    expect(await ended(id)).toBe('SUCCEEDED')
    let text = ''
    for await (const frame of client.tailJobLog(id)) text += frame.text
    expect(text).toMatch(/\na\nline 1\nline 2\nline 3\n$/)
    let rest = ''
    for await (const frame of client.tailJobLog(id, { offset: text.indexOf('line 2') })) rest += frame.text
    expect(rest).toBe('line 2\nline 3\n')
  })

  test('stops a job, and answers why another one waits', async () => {
    const { submission_id: id } = await client.submitJob({ entrypoint: 'sleep 60' })
    await client.call('stopJob', { params: { id } })
    expect(await ended(id)).toBe('STOPPED')
    const { submission_id: big } = await client.submitJob({ entrypoint: 'true', entrypoint_num_cpus: 99 })
    expect(await client.call('getWhy', { query: { job: big } })).toMatchObject({ kind: 'job', isPending: true, infeasible: true })
    await client.call('stopJob', { params: { id: big } })
  })

  test('streams events from any number on, each once', async () => {
    const { newest } = await client.call('listEvents', { query: { limit: 1 } })
    const { submission_id: id } = await client.submitJob({ entrypoint: 'true' })
    const types: string[] = []
    const until = new AbortController()
    for await (const frame of client.events({ since: newest, kinds: ['job'], job: id, signal: until.signal })) {
      if (frame.type !== 'batch') continue
      types.push(...frame.events.map(({ type }) => type))
      if (types.includes('succeeded')) until.abort()
    }
    expect(new Set(types).size).toBe(types.length)
    expect(types).toContain('pending')
  })

  test('names what is wrong with a call before anything is sent', async () => {
    await expect(client.call('noSuchRoute')).rejects.toMatchObject({
      code: 'bad-argument',
      message: expect.stringContaining('noSuchRoute'),
    })
    await expect(client.call('getJob')).rejects.toMatchObject({ code: 'bad-argument', message: expect.stringContaining('id') })
    await expect(client.call('submitShoalJob', { json: { entrypoint: '' } })).rejects.toMatchObject({
      code: 'bad-argument',
      message: 'entrypoint must be a command',
    })
    await expect(client.call('tailJobLogs', { params: { id: 'x' } })).rejects.toMatchObject({ code: 'bad-argument' })
    await expect(client.call('getJob', { params: { id: 'nobody' } })).rejects.toMatchObject({ code: 'not-found' })
  })
})
