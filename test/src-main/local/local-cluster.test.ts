import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { shareOf } from '#src-main/bootstrap/extra-nodes.ts'
import type { Cluster } from '#src-main/contract/clusters.ts'
import type { Operation } from '#src-main/contract/operations.ts'
import { openTestPanel, storyOf, until } from '#test/support/panel.ts'
import { type PanelProcess, RecordingClient, startPanelProcess } from '#test/support/panel-process.ts'
import { ensurePayload } from '#test/support/payload.ts'
import { pidsOf } from '#test/support/processes-of.ts'
import { CliUser } from '../cli/cli-process.ts'

const samples = readdirSync(join(import.meta.dirname, '../../../examples/samples')).map((name) => name.slice(0, -'.ts'.length))

/** What the nodes of a cluster put outside of its home, as the runtime names it. */
function tracesOutside({ members }: Cluster): string[] {
  const sessions = members.flatMap(({ nodeId, sessionFolder, extraNodes = [] }) => [
    { nodeId, folder: sessionFolder ?? '' },
    ...extraNodes.map((extra) => ({ nodeId: extra.nodeId, folder: `${sessionFolder}-${extra.name}` })),
  ])
  const uid = process.getuid?.()
  return sessions.flatMap(({ nodeId, folder }) => [
    `/dev/shm/shoal-${uid}-${nodeId?.slice(0, 24)}`,
    `/tmp/shoal-${uid}-s-${createHash('sha256').update(folder).digest('hex').slice(0, 12)}`,
  ])
}

type Row = Readonly<Record<string, unknown>>

describe('a cluster on this computer', () => {
  let folder: string
  let home: string
  let panel: PanelProcess
  let client: RecordingClient
  const open = () => RecordingClient.open(panel, () => ({ kind: 'refuse' }))
  beforeAll(async () => {
    await ensurePayload()
    folder = mkdtempSync(join(tmpdir(), 'shoal-try-'))
    home = join(folder, 'a-home-whose-name-is-too-long-for-the-sockets-of-a-node')
    mkdirSync(home)
    const env = { ...process.env, HOME: home, SHOAL_PANEL_HOME: join(folder, 'panel'), SHOAL_TEMP_DIR: '/nowhere' }
    panel = await startPanelProcess({ env, cwd: folder })
    client = await open()
  }, 180_000)
  afterAll(async () => {
    client?.close()
    await panel?.end('SIGINT')
    for (const pid of pidsOf(home)) process.kill(pid, 'SIGKILL') // of a test that failed
    rmSync(folder, { recursive: true, force: true })
  })

  const ended = (operationId: string): Promise<Operation> =>
    until(
      operationId,
      async () => {
        const operation = await client.call('operations.get', { operationId })
        return operation.state === 'running' ? undefined : operation
      },
      120_000,
    )
  const rows = async (route: string, query = {}): Promise<Row[]> => {
    const { body } = await client.call('api.read', { cluster: 'local', route, query })
    return (body as { rows: Row[] }).rows // as every list of the API is
  }
  const sampleJobs = async () =>
    (await rows('listShoalJobs')).map((job) => /^sample-(.+)-[0-9a-f]{6}$/.exec(String(job['submission_id']))?.[1])

  test('is made by one call, whoever asks how often and closes the page', async () => {
    const page = await open()
    page.send(JSON.stringify({ id: 1, method: 'clusters.startLocal', input: {} }))
    page.send(JSON.stringify({ id: 2, method: 'panel.info', input: {} }))
    await expect.poll(() => page.frames.some((frame) => frame.includes('"id":2'))).toBe(true) // so the first has arrived too
    page.close()
    const made = await until('the cluster', async () => (await client.call('clusters.list', {}))[0])
    const [one, other] = await Promise.all([client.call('clusters.startLocal', {}), client.call('clusters.startLocal', { nodes: 2 })])
    expect(other).toEqual(one)
    expect(one.clusterId).toBe(made.id)
    const operation = await ended(one.operationId)
    expect(operation.state, storyOf(operation)).toBe('done')
    expect(operation.machines[0]?.steps.map(({ id }) => id)).toEqual([
      ...['connect', 'probe', 'upload', 'unpack', 'start', 'verify', 'extra-nodes', 'samples'],
    ])
    const { members, ports } = await client.call('clusters.get', { cluster: 'local' })
    expect(members).toMatchObject([{ role: 'head', state: 'started', extraNodes: [{ name: 'local-2' }, { name: 'local-3' }] }])
    expect(await client.call('machines.list', {})).toMatchObject([{ name: 'this-computer', via: 'local', reach: { state: 'connected' } }])
    const nodes = await rows('pageNodes')
    expect(nodes.map((node) => [node['node_name'], node['state'], node['node_ip']]).toSorted()).toEqual([
      ...['local-2', 'local-3', 'this-computer'].map((name) => [name, 'ALIVE', '127.0.0.1']),
    ])
    expect(nodes.map((node) => node['node_id']).toSorted()).toEqual(
      [members[0]?.nodeId, ...(members[0]?.extraNodes ?? []).map(({ nodeId }) => nodeId)].toSorted(),
    )
    expect([6_379, 6_380]).not.toContain(ports.head)
  }, 120_000)

  test('has something for every list, and each sample is a job', async () => {
    expect((await sampleJobs()).toSorted()).toEqual(samples.toSorted())
    await expect.poll(() => rows('pageTasks', { filter: ['state:eq:FINISHED'] }), { timeout: 30_000 }).not.toEqual([])
    await expect.poll(async () => (await rows('pageTasks')).map((task) => task['name'])).toContain('train')
    await expect.poll(async () => (await rows('pageActors')).map((actor) => actor['name'])).toContain('counter-south')
    await expect.poll(async () => (await rows('pageObjects')).some((object) => Number(object['object_size']) > 1e6)).toBe(true)
    await expect
      .poll(async () => (await rows('pagePlacementGroups')).map((group) => [group['name'], group['state']]))
      .toEqual([['pair', 'CREATED']])
    const failed = await until('the failing job', async () => (await rows('listShoalJobs')).find((job) => job['status'] === 'FAILED'))
    expect(failed['message']).toContain('order 17 cannot be priced')
    expect(failed['message']).toContain('failure.ts')
    const nodesOfTasks = new Set((await rows('pageTasks', { limit: 1_000 })).map((task) => task['node_id']))
    expect(nodesOfTasks.size).toBeGreaterThan(1)
  }, 90_000)

  test('says why a task waits for a GPU that is not there', async () => {
    const [task] = (await rows('pageTasks')).filter(({ name, state }) => name === 'train' && state !== 'FAILED')
    const { body } = await client.call('api.read', { cluster: 'local', route: 'getWhy', query: { task: String(task?.['task_id']) } })
    expect(JSON.stringify(body)).toMatch(/no node can ever hold .*GPU/)
  })

  test('is found when it is asked for again, and its jobs are not submitted twice', async () => {
    const first = await client.call('clusters.startLocal', {})
    expect(await client.call('clusters.startLocal', { nodes: 1, withSamples: false })).toEqual(first)
    expect(await sampleJobs()).toHaveLength(samples.length)
    const { jobs } = await client.call('clusters.submitSamples', { cluster: 'local' })
    expect(jobs.filter(({ isNew }) => isNew).map(({ sample }) => sample)).toEqual(['failure']) // the others go on
  })

  test('has terminals and commands like any machine', async () => {
    const { terminalId } = await client.call('terminals.open', { machine: 'this-computer', cols: 90, rows: 20 })
    client.follow(`terminal/${terminalId}`)
    await client.call('terminals.write', { terminalId, data: 'stty size; pwd; exit 5\r' })
    const seen = () => client.events.filter(({ topic }) => topic === `terminal/${terminalId}`).map(({ event }) => event as Row)
    await expect.poll(() => seen().at(-1)).toEqual({ type: 'ended', code: 5, message: null })
    const text = seen()
      .map(({ data }) => Buffer.from(String(data ?? ''), 'base64').toString())
      .join('')
    expect(text).toContain('20 90')
    expect(text).toContain(home)
    const [group] = await client.call('machines.exec', { machines: ['this-computer'], command: 'echo $HOME' })
    expect(group?.stdout).toBe(`${home}\n`)
    const left = await client.call('machines.leftovers', { machine: 'this-computer' })
    expect(left.filter(({ what, detail }) => `${what} ${detail}`.includes(home))).toEqual([]) // others may use this computer too
  })

  test('is restarted with all of its nodes, in the plan and in the deed', async () => {
    const input = { cluster: 'local', machines: ['this-computer'] }
    const { plan } = await client.call('clusters.planRestart', input)
    const stop = plan.machines[0]?.steps.find(({ id }) => id === 'stop')
    expect(
      stop?.command
        ?.match(/^session=.*$/gm)
        ?.map((line) => line.replace(/^.*\//, ''))
        .toSorted(),
    ).toEqual([...['', '-local-2', '-local-3'].map((more) => `${hostname()}${more}`)])
    const operation = await ended((await client.call('clusters.restart', input)).operationId)
    expect(operation.state, storyOf(operation)).toBe('done')
    expect(operation.machines[0]?.steps.map(({ id }) => id)).toEqual(plan.machines[0]?.steps.map(({ id }) => id))
    expect(operation.machines[0]?.steps.at(-1)).toMatchObject({ id: 'extra-nodes', note: '2 started' })
  }, 120_000)

  test('that was killed, as by a restart of the computer, is started again with what it knew', async () => {
    const { clusterId, operationId } = await client.call('clusters.startLocal', {})
    for (const pid of pidsOf(join(home, '.shoal'))) process.kill(pid, 'SIGKILL')
    const again = await until('the loss is seen', async () => {
      const found = await client.call('clusters.startLocal', { withSamples: false })
      return found.operationId === operationId ? undefined : found
    })
    expect(again.clusterId).toBe(clusterId)
    const operation = await ended(again.operationId)
    expect(operation.state, storyOf(operation)).toBe('done')
    await client.call('clusters.connect', { cluster: 'local' })
    expect((await rows('pageNodes', { filter: ['state:eq:ALIVE'] })).map((node) => node['node_name']).toSorted()).toEqual([
      ...['local-2', 'local-3', 'this-computer'],
    ])
    expect(new Set(await sampleJobs())).toEqual(new Set(samples))
  }, 120_000)

  test('is gone without a trace when it is taken down, and comes anew', async () => {
    const traces = tracesOutside(await client.call('clusters.get', { cluster: 'local' }))
    expect(traces.filter((path) => existsSync(path))).toHaveLength(6) // memory and sockets of three nodes
    const { operationId } = await client.call('clusters.down', { cluster: 'local' })
    const operation = await ended(operationId)
    expect(operation.state, storyOf(operation)).toBe('done')
    expect(pidsOf(join(home, '.shoal'))).toEqual([])
    expect(readdirSync(home).filter((name) => name.startsWith('.shoal'))).toEqual([])
    expect(traces.filter((path) => existsSync(path))).toEqual([])
    const old = await client.call('clusters.get', { cluster: 'local' })
    expect(old.members).toEqual([])
    const started = await client.call('clusters.startLocal', { nodes: 1, withSamples: false })
    expect(started.clusterId).not.toBe(old.id)
    expect((await ended(started.operationId)).machines[0]?.steps.map(({ id }) => id)).not.toContain('samples')
    await expect.poll(() => client.call('clusters.list', {})).toMatchObject([{ name: 'local', link: { state: 'connected' } }])
    expect(await rows('pageNodes')).toHaveLength(1)
    await ended((await client.call('clusters.down', { cluster: 'local' })).operationId)
    expect(readdirSync(home).filter((name) => name.startsWith('.shoal'))).toEqual([])
  }, 120_000)
})

describe('shoal try', () => {
  test('does the same on a terminal: a cluster of this computer, and what to do next', async () => {
    await ensurePayload()
    const user = new CliUser()
    const holder = createServer() // the first port that would be taken
    await new Promise<void>((resolve) => holder.listen(23_790, '0.0.0.0', resolve).once('error', () => resolve()))
    try {
      const { code, stdout, stderr } = await user.shoal('try', '--nodes', '1', '--no-samples')
      expect(code, stdout + stderr).toBe(0)
      expect(stdout).toContain('shoal cluster down local')
      const again = await user.json<{ cluster: string; operation: Operation }>('try')
      expect(again).toMatchObject({ cluster: 'local', operation: { state: 'done', kind: 'create' } })
      expect((await user.shoal('try', '--nodes', '2', '--no-samples')).stdout).toContain(
        'runs already, with 1 node. For another number, end it',
      )
      expect((await user.shoal('cluster', 'job', 'local', '--', 'node', '-p', '6*7')).stdout).toContain('42')
      const record = readdirSync(user.home, { recursive: true, encoding: 'utf8' }).find((path) => path.endsWith('head/head.json')) ?? ''
      const head = JSON.parse(readFileSync(join(user.home, record), 'utf8')) as { pid: number } // what a head writes of itself
      process.kill(head.pid, 'SIGKILL')
      const cut = await user.shoal('cluster', 'job', 'local', '--', 'true')
      expect([cut.code, cut.stderr]).toEqual([1, expect.stringMatching(/local is not connected: .*shoal cluster restart local --all/)])
      expect((await user.shoal('cluster', 'restart', 'local', '--all', '--yes')).code).toBe(0)
      expect((await user.shoal('cluster', 'status', 'local')).stdout).toContain('local: 1 node alive')
      expect((await user.shoal('cluster', 'down', 'local', '--yes')).code).toBe(0)
      expect(pidsOf(user.home)).toEqual([])
    } finally {
      holder.close()
      for (const pid of pidsOf(user.home)) process.kill(pid, 'SIGKILL')
      user.dispose()
    }
  }, 120_000)

  test.each(['0', '5', 'many'])('refuses %s nodes', async (nodes) => {
    const user = new CliUser()
    expect(await user.shoal('try', '--nodes', nodes)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--nodes must be a whole number from 1 to 4'),
    })
    user.dispose()
  })
})

describe('what stands in the way is said', () => {
  test('a panel without a payload opens, and names the command that makes one when this computer needs it', async () => {
    const payloadFolder = mkdtempSync(join(tmpdir(), 'shoal-none-'))
    const panel = await openTestPanel({ payloadFolder })
    try {
      await expect(panel.host.call('clusters.startLocal', {})).rejects.toMatchObject({
        code: 'machine.unfit',
        message: expect.stringMatching(/No payload for this processor.*npm run payload -- --arch (x64|arm64)/),
      })
      expect(await panel.host.call('clusters.list', {})).toEqual([])
      expect(await panel.host.call('operations.list', {})).toEqual([])
    } finally {
      await panel.dispose()
      rmSync(payloadFolder, { recursive: true })
    }
  })

  test('a machine over SSH that has the name, and a second machine that would be this computer', async () => {
    const panel = await openTestPanel({})
    try {
      const spec = { name: 'This-Computer', host: 'box.example.org' }
      await panel.host.call('machines.add', { machines: [spec] })
      await expect(panel.host.call('clusters.startLocal', {})).rejects.toMatchObject({ code: 'already-exists' })
      await panel.host.call('machines.add', { machines: [{ name: 'here', via: 'local', host: '127.0.0.1' }] })
      await expect(
        panel.host.call('machines.add', { machines: [{ name: 'here-too', via: 'local', host: '127.0.0.1' }] }),
      ).rejects.toMatchObject({ code: 'already-exists', message: expect.stringContaining('here is this computer already') })
      expect(await panel.host.call('machines.update', { machine: 'here', changes: { notes: 'mine' } })).toMatchObject({ via: 'local' })
      const { text } = await panel.host.call('machines.export', { format: 'json' })
      expect((JSON.parse(text) as { machines: Row[] }).machines.map(({ name }) => name)).toEqual(['This-Computer']) // as the export writes it
    } finally {
      await panel.dispose()
    }
  })

  test('an inventory from before there were machines without SSH is read as one of machines over SSH', async () => {
    const panel = await openTestPanel({})
    await panel.host.call('machines.add', { machines: [{ name: 'a', host: 'a.example.org' }] })
    await panel.stop()
    const file = join(panel.folder, 'data', 'machines.json')
    const stored = readFileSync(file, 'utf8')
    expect(stored).toContain('"via"')
    writeFileSync(file, stored.replace(/"via":\s*"ssh",?/, ''))
    const later = await panel.restart()
    try {
      expect(await later.host.call('machines.list', {})).toMatchObject([{ name: 'a', via: 'ssh' }])
    } finally {
      await later.dispose()
    }
  })
})

test('nodes of one machine share its CPUs and memory evenly, and none is without a CPU', () => {
  const shm = { exists: true, isWritable: true, sizeBytes: 8e9, freeBytes: 8e9 }
  expect(shareOf({ cpus: 16, memoryBytes: 30e9, shm }, 3)).toEqual({ cpus: 5, memoryBytes: 7e9, storeBytes: 512 * 1024 * 1024 })
  expect(shareOf({ cpus: 2, memoryBytes: 3e9, shm: { ...shm, freeBytes: 1e9 } }, 3)).toMatchObject({ cpus: 1, storeBytes: 1e8 })
})

test('the sample programs run to their end by themselves', () => {
  const run = (sample: string) =>
    execFileSync(process.execPath, ['--no-warnings', `examples/samples/${sample}.ts`, '0.05'], {
      cwd: join(import.meta.dirname, '../../..'),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  const anew = '\r\u001b[K' // how a terminal is told to begin the line anew
  expect(run('pi').replaceAll(anew, '⏎')).toMatch(/⏎\[#+\.*\].*π ≈ /s)
  expect(run('counters')).toContain('round 1: north 1')
  expect(run('arrays')).toContain('round 1: 2 MB, sums 262144 and 262144')
  expect(run('placement')).toMatch(/left on \w{8} has hit 1 balls; right on/)
  expect(run('gpu')).toContain('done waiting')
  expect(() => run('failure')).toThrow('order 17 cannot be priced')
}, 120_000)
