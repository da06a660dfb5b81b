import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { JobCluster, processesWith, until } from './job-cluster.ts'

test('a job goes on while the head is dead, and one that ends meanwhile is not lost', async () => {
  const jobs = await JobCluster.start()
  const folder = jobs.cluster.tempDir
  const waitFor = (file: string) => `while [ ! -e ${folder}/${file} ]; do sleep 0.05; done`
  const ends = await jobs.submit({ entrypoint: `echo begun; ${waitFor('go-1')}; touch ${folder}/done-1; exit 5` })
  const goesOn = await jobs.submit({ entrypoint: `echo begun; ${waitFor('go-2')}; echo more` })
  const waits = await jobs.submit({ entrypoint: 'echo at last', entrypoint_num_cpus: 100 })
  await Promise.all([ends, goesOn].map((id) => jobs.logged(id, 'begun')))
  const tailed = jobs.tail(goesOn)
  await jobs.cluster.killHead()
  writeFileSync(join(folder, 'go-1'), '')
  await until('the first has ended', () => existsSync(join(folder, 'done-1')))
  await jobs.cluster.restartHead()
  expect(await jobs.ended(ends)).toMatchObject({ status: 'FAILED', driver_exit_code: 5 })
  expect((await jobs.get(goesOn)).status).toBe('RUNNING')
  expect(await jobs.get(waits)).toMatchObject({ status: 'PENDING', message: expect.stringContaining('100 CPU') })
  writeFileSync(join(folder, 'go-2'), '')
  const job = await jobs.ended(goesOn)
  expect(job).toMatchObject({ status: 'SUCCEEDED', driver_exit_code: 0 })
  expect(await tailed).toBe(job.log)
  expect(job.log).toMatch(/begun\nmore\n$/)
})

test('when an agent is killed no process of its jobs is left, and they have failed with the reason', async () => {
  const jobs = await JobCluster.start({ headConfig: { linkGraceMs: 300 } })
  const mark = `orphan-${process.pid}`
  const id = await jobs.submit({
    entrypoint: `export MARK=${mark}; (setsid sleep 71 &); setsid sh -c 'trap "" TERM; sleep 72' & echo ready; sleep 73`,
  })
  await jobs.logged(id, 'ready')
  expect(processesWith(mark).length).toBeGreaterThanOrEqual(3)
  const [node] = jobs.cluster.nodes
  if (!node) throw new Error('no node')
  await jobs.cluster.killNode(node)
  await until('the guard has ended them', () => processesWith(mark).length === 0)
  await until('the job has failed', async () => (await jobs.get(id)).status === 'FAILED')
  expect(await jobs.get(id)).toMatchObject({ error_type: 'JOB_SUPERVISOR_ACTOR_DIED', message: expect.stringContaining(node.nodeId) })
  const next = await jobs.submit({ entrypoint: 'echo again' })
  await jobs.cluster.restartNode(node)
  expect(await jobs.ended(next)).toMatchObject({ status: 'SUCCEEDED' })
})

test('a node that leaves ends its jobs first', async () => {
  const jobs = await JobCluster.start()
  const mark = `leaving-${process.pid}`
  const id = await jobs.submit({
    entrypoint: `export MARK=${mark}; trap 'echo asked; exit 0' TERM; echo ready; while :; do sleep 0.1; done`,
  })
  await jobs.logged(id, 'ready')
  const [node] = jobs.cluster.nodes
  if (!node) throw new Error('no node')
  await jobs.cluster.stopNode(node)
  expect(processesWith(mark)).toEqual([])
  expect(readFileSync(join(node.layout.logDir, `job-driver-${id}.log`), 'utf8')).toContain('asked')
  expect(await jobs.get(id)).toMatchObject({
    status: 'FAILED',
    error_type: 'JOB_SUPERVISOR_ACTOR_DIED',
    message: expect.stringContaining('it left'),
  })
})

test('a node that leaves while its job is followed, and whose log the head has a copy of, leaves a head that answers', async () => {
  const jobs = await JobCluster.start()
  const id = await jobs.submit({ entrypoint: 'echo ready; sleep 60' })
  await jobs.logged(id, 'ready')
  const [node] = jobs.cluster.nodes
  if (!node) throw new Error('no node')
  const copy = join(node.layout.headDir, 'log-copies', node.nodeId, `job-driver-${id}.log`)
  await until('the head has a copy', () => existsSync(copy) && readFileSync(copy, 'utf8').includes('\nready\n'))
  const tailed = jobs.tail(id)
  await jobs.cluster.stopNode(node)
  expect(await tailed).toContain('\nready\n')
  expect((await jobs.get(id)).status).toBe('FAILED')
})

test('a limit on what runs holds the others in the queue, and the more urgent one goes first', async () => {
  const jobs = await JobCluster.start({ headConfig: { maxRunningSubmissions: 1 } })
  const submit = (id: string, priority: number) =>
    jobs.api.send({
      method: 'POST',
      path: '/api/shoal/v1/jobs',
      json: { entrypoint: `echo ${id} >> ${jobs.cluster.tempDir}/order; sleep 0.2`, submission_id: id, priority },
    })
  await jobs.submit({ entrypoint: `while [ ! -e ${jobs.cluster.tempDir}/go ]; do sleep 0.05; done`, submission_id: 'first' })
  await submit('low', -1)
  await submit('normal', 0)
  await submit('urgent', 9)
  expect(await jobs.get('low')).toMatchObject({
    status: 'PENDING',
    message: expect.stringMatching(/number 3 of 3 .* 1 jobs run, as many as/),
  })
  writeFileSync(join(jobs.cluster.tempDir, 'go'), '')
  for (const id of ['urgent', 'normal', 'low']) expect((await jobs.ended(id)).status).toBe('SUCCEEDED')
  expect(readFileSync(join(jobs.cluster.tempDir, 'order'), 'utf8')).toBe('urgent\nnormal\nlow\n')
})

test('a package over the limit is refused with its name, its size and the limit, also when it does not say how long it is', async () => {
  const jobs = await JobCluster.start({ headConfig: { maxPackageBytes: 1_000_000 } })
  const path = '/api/packages/gcs/_ray_pkg_0000000000000003.zip'
  const bytes = Buffer.alloc(5_000_000)
  const tooLarge = {
    code: 'too-large',
    message: expect.stringMatching(/_ray_pkg_0000000000000003.zip has (5000000|more than 1000000) bytes; this head takes 1000000/),
  }
  await expect(jobs.api.send({ method: 'PUT', path, body: bytes })).rejects.toMatchObject(tooLarge)
  await expect(jobs.api.send({ method: 'PUT', path, body: Readable.from([bytes]) })).rejects.toMatchObject(tooLarge)
  await expect(jobs.api.send({ method: 'GET', path })).rejects.toMatchObject({ code: 'not-found' })
  for (const body of [bytes.subarray(0, 1_000_000), Readable.from([bytes.subarray(0, 1_000_000)])]) {
    await jobs.api.send({ method: 'PUT', path, body }) // as much as the limit, however it comes
    await jobs.api.send({ method: 'GET', path })
  }
  expect((await jobs.ended(await jobs.submit({ entrypoint: 'true' }))).status).toBe('SUCCEEDED')
})
