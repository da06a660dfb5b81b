import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import * as z from 'zod'
import { ShoalJobDetails, ShoalJobPage } from '#runtime/api/jobs.ts'
import { NodeAnswer } from '#runtime/api/nodes.ts'
import { runtimeNode } from '#runtime/session/daemon.ts'
import { JobCluster, until } from './job-cluster.ts'

let jobs: JobCluster
beforeAll(async () => {
  jobs = await JobCluster.start()
})

test('the list goes on page by page where others come meanwhile, and takes filters, an order and columns', async () => {
  const path = '/api/shoal/v1/jobs'
  const made = await Promise.all(
    [5, 1, 4, 2, 3].map((priority) =>
      jobs.submit({ entrypoint: 'true', entrypoint_resources: { nobody_has_it: 1 }, metadata: { shoal_priority: `${priority}` } }),
    ),
  )
  const query = { filter: ['status:eq:PENDING', 'type=SUBMISSION', 'reason:contains:nobody_has_it'], sort: '-priority', limit: 2 }
  const first = await jobs.api.getJson(path, ShoalJobPage, { query })
  expect([first.matched, first.rows.map((row) => [row.priority, row.queue_position])]).toEqual([
    5,
    [
      [5, 1],
      [4, 2],
    ],
  ])
  expect(first.rows[0]?.reason).toMatch(/^It is number 1 of \d+ in the queue and waits for a node: .*nobody_has_it/)
  const late = await jobs.submit({ entrypoint: 'true', entrypoint_resources: { nobody_has_it: 1 }, metadata: { shoal_priority: '9' } })
  const rest = await jobs.api.getJson(path, ShoalJobPage, {
    query: { ...query, limit: 9, cursor: first.next ?? '', columns: 'id,priority' },
  })
  expect(rest.rows).toEqual([3, 2, 1].map((priority) => ({ id: made[[5, 1, 4, 2, 3].indexOf(priority)], priority })))
  expect([rest.next, rest.matched]).toEqual([null, 6])
  for (const bad of [{ sort: 'nonsense' }, { filter: 'nonsense:eq:1' }, { columns: 'nonsense' }]) {
    await expect(jobs.api.getJson(path, ShoalJobPage, { query: bad })).rejects.toMatchObject({ code: 'bad-argument' })
  }
  await Promise.all([...made, late].map((id) => jobs.stop(id)))
})

test('a program that joined by itself is in the same list, without what only submitted jobs have', async () => {
  const program = spawn(
    runtimeNode(),
    [fileURLToPath(new URL('joins-and-waits.ts', import.meta.url)), jobs.cluster.address, jobs.cluster.tempDir],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  )
  onTestFinished(() => void program.kill('SIGKILL'))
  const [said] = (await once(program.stdout, 'data')) as [Buffer]
  const id = said.toString().trim()
  const row = { id, job_id: id, type: 'DRIVER', status: 'RUNNING', submission_id: null, priority: null, queue_position: null, reason: null }
  const page = await jobs.api.getJson('/api/shoal/v1/jobs', ShoalJobPage, { query: { filter: ['type:eq:DRIVER', `id:eq:${id}`] } })
  expect(page.rows).toEqual([expect.objectContaining(row)])
  expect(await jobs.api.getJson(`/api/shoal/v1/jobs/${id}`, ShoalJobDetails)).toMatchObject(row)
  program.stdin.end()
  expect(await once(program, 'exit')).toEqual([0, null])
})

test('what a job runs is among the processes of its node', async () => {
  const id = await jobs.submit({ entrypoint: "echo on; sh -c 'sleep 71; true'; true" })
  await jobs.logged(id, 'on')
  const nodeId = jobs.cluster.nodes[0]?.nodeId ?? ''
  const commandsOf = async () => {
    const { detail } = (await jobs.api.getJson(`/nodes/${nodeId}`, NodeAnswer)).data
    return detail.workers.filter(({ role }) => role === 'job').map(({ cmdline }) => String(cmdline))
  }
  await until('the whole tree is told of', async () => (await commandsOf()).some((command) => command.startsWith('sleep 71')))
  expect((await commandsOf()).some((command) => command.startsWith('/bin/sh -c echo on'))).toBe(true)
  const latest = await jobs.api.getJson('/api/shoal/v1/metrics/latest', z.unknown())
  expect(JSON.stringify(latest)).toContain('"role":"job"')
  await jobs.stop(id)
  await until('they are gone from the figures', async () => (await commandsOf()).every((command) => !command.includes('sleep 71')))
})
