import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { usualRayVersion } from '#src-main/contract/ray-setup.ts'
import { type Bed, createBed, whyNoCron } from '#test/support/bed/bed.ts'
import { ended, logOfJob, openTestPanel, specOfHost, storyOf, type TestPanel, until } from '#test/support/panel.ts'
import { ensurePayload } from '#test/support/payload.ts'
import { findRayWheels, whyNoRayWheels } from '#test/support/ray-wheels.ts'

const missing = whyNoRayWheels() ?? whyNoCron()
const olderVersion = '2.57.0'
const everybody = ['one', 'two', 'three', 'four']

/** One story on machines that reach no package index, told in order: each part stands on the one before. */
describe.skipIf(missing !== undefined)(`a cluster of Ray on machines over SSH${missing === undefined ? '' : ` (needs ${missing})`}`, () => {
  let bed: Bed
  let panel: TestPanel
  let wheels: string
  const call: TestPanel['host']['call'] = (...args) => panel.host.call(...args)
  const done = async ({ operationId }: { operationId: string }) => {
    const operation = await ended(panel.host, operationId, 400_000)
    if (operation.state !== 'done')
      throw new Error(
        `${storyOf(operation)}\n${operation.machines.flatMap(({ steps }) => steps.flatMap(({ state, log }) => (state === 'failed' ? log : []))).join('\n')}`,
      )
    return operation
  }
  const cluster = () => call('clusters.get', { cluster: 'lab' })
  const member = async (name: string) => {
    const { id } = await call('machines.get', { machine: name })
    return (await cluster()).members.find(({ machineId }) => machineId === id)
  }
  const alive = async () => {
    const { body } = await call('api.read', { cluster: 'lab', route: 'pageNodes', query: { detail: true } })
    const { rows } = body as { rows: { node_name: string; state: string }[] } // as runtime/api has it
    return rows.flatMap(({ state, node_name: name }) => (state === 'ALIVE' ? name : [])).toSorted()
  }
  const rayProcesses = (name: string) =>
    bed
      .host(name)
      .processes()
      .filter(({ command }) => /ray|gcs_server/.test(command))

  beforeAll(async () => {
    const payloadFolder = await ensurePayload()
    wheels = findRayWheels(usualRayVersion, olderVersion)
    bed = await createBed({ hosts: everybody.map((name) => ({ name, cron: true })) })
    panel = await openTestPanel({ payloadFolder, isWatching: true })
    await call('machines.add', { machines: bed.hosts.map((host) => specOfHost(bed, host)) })
  }, 400_000)
  afterAll(async () => {
    await panel?.dispose()
    await bed?.close()
  }, 60_000)

  const specOf = async (names: readonly string[]) => {
    const machines = await call('machines.list', {})
    const [head = '', ...workers] = names.map((name) => machines.find((machine) => machine.name === name)?.id ?? '')
    return { name: 'lab', engine: 'ray' as const, head, workers, service: 'cron' as const, ray: { version: olderVersion, wheels } }
  }

  test('the plan says what Ray is installed from, and a Ray without tokens is refused', async () => {
    const spec = await specOf(['one', 'two', 'three'])
    const { plan } = await call('clusters.planCreate', { spec })
    expect(plan.blockers).toEqual([])
    expect(plan.machines.map(({ steps }) => steps.map(({ id }) => id))).toEqual([
      ['connect', 'probe', 'upload', 'unpack', 'wheels', 'ray', 'start', 'verify', 'service'],
      ['connect', 'probe', 'upload', 'unpack', 'wheels', 'ray', 'network', 'start', 'verify', 'service'],
      ['connect', 'probe', 'upload', 'unpack', 'wheels', 'ray', 'network', 'start', 'verify', 'service'],
    ])
    expect(plan.notes.join('\n')).toMatch(/Ray 2\.57\.0 comes from the wheels of .*6380 to 6386 and 10002 to 19999/s)
    await expect(call('clusters.planCreate', { spec: { ...spec, ray: { version: '2.9.3' } } })).rejects.toThrow(/no token authentication/)
    await expect(call('clusters.planCreate', { spec: { ...spec, ray: { wheels: '/nowhere' } } })).rejects.toThrow(
      /give a folder of this computer/,
    )
  })

  test('create installs it from the wheels alone, starts a head and its workers, and connects with the token of the head', async () => {
    await done(await call('clusters.create', { spec: await specOf(['one', 'two', 'three']) }))
    await call('clusters.connect', { cluster: 'lab' })
    expect(await alive()).toEqual(['one', 'three', 'two'])
    const { engine, version } = await call('api.capabilities', { cluster: 'lab' })
    expect([engine, version]).toEqual(['ray', olderVersion])
    expect(await member('two')).toMatchObject({
      state: 'started',
      address: `${bed.host('two').address}:6380`,
      nodeId: expect.stringMatching(/^[0-9a-f]{56}$/),
    })
  }, 600_000)

  test('who has no token is refused, and the token is in no command line, no step and in no file that others can read', async () => {
    const head = bed.host('one')
    const folder = (await member('one'))?.sessionFolder ?? ''
    const token = head.run(`cat ${folder}/head/join-token`).trim()
    expect(token).toMatch(/^[0-9a-f]{64}$/)
    expect(head.run(`stat -c %a ${folder}/head/join-token`).trim()).toBe('600')
    expect(head.run('curl -s -o /dev/null -w %{http_code} http://127.0.0.1:8265/api/v0/nodes')).toBe('401')
    for (const each of bed.hosts) expect(each.processes().filter(({ command }) => command.includes(token))).toEqual([])
    expect(JSON.stringify(await call('operations.list', {}))).not.toContain(token)
    expect(panel.log.join('\n')).not.toContain(token)
  })

  async function logOf(entrypoint: string): Promise<string> {
    const { body } = await call('api.change', { cluster: 'lab', route: 'submitShoalJob', body: { entrypoint } })
    const { submission_id: job } = body as { submission_id: string } // as runtime/api has it
    return logOfJob(panel.host, { cluster: 'lab', job })
  }

  test('a job in Python runs on all nodes, and its log comes to the panel', async () => {
    const program =
      'import ray,socket;ray.init();f=ray.remote(scheduling_strategy="SPREAD")(lambda: __import__("time").sleep(1) or __import__("socket").gethostname());print("hosts", *sorted(set(ray.get([f.remote() for _ in range(8)]))))'
    expect(await logOf(`python -c '${program}'`)).toMatch(/^hosts one three two$/m)
  }, 120_000)

  test('a program of the SDK is a job there as it is: the command line, Node and the engine are those that came with us', async () => {
    const program = [
      'import * as shoal from "shoal"',
      'await shoal.init()',
      'const where = shoal.remote(async () => { await new Promise((done) => setTimeout(done, 1_000)); return process.env.SHOAL_RAY_NODE?.split("/").pop() })',
      'const seen = await shoal.get(Array.from({ length: 6 }, () => where.options({ schedulingStrategy: "SPREAD" }).remote()))',
      'console.log("nodes", ...[...new Set(seen)].sort())',
    ].join('\n')
    const log = await logOf(
      `folder=$(mktemp -d) && cd "$folder" && printf '%s' '${program}' >main.ts && shoal run main.ts; rm -r "$folder"`,
    )
    expect(log).toMatch(/^nodes one three two$/m)
  }, 180_000)

  test('a machine that lost power is a node again by itself when it is back', async () => {
    bed.host('two').cutLink()
    await bed.host('two').powerOff()
    await until('two is missed', async () => ((await alive()).includes('two') ? undefined : true), 120_000)
    await bed.host('two').powerOn()
    await until('two is back', async () => ((await alive()).includes('two') ? true : undefined), 120_000)
    expect(await alive()).toEqual(['one', 'three', 'two'])
  }, 300_000)

  test('a head that lost power is back by itself too, and its workers find it', async () => {
    const folder = (await member('one'))?.sessionFolder ?? ''
    const askNodes = `curl -sf -H "Authorization: Bearer $(cat ${folder}/head/join-token)" http://127.0.0.1:8265/api/v0/nodes || true`
    const nodesOfHead = (): string[] => {
      const found = /\{.*\}/s.exec(bed.host('one').run(askNodes))?.[0]
      if (found === undefined) return []
      const { data } = JSON.parse(found) as { data: { result: { result: { node_name: string; state: string; node_id: string }[] } } } // as Ray has it
      return data.result.result.flatMap(({ node_name: name, state, node_id: id }) => (state === 'ALIVE' ? `${name} ${id}` : [])).toSorted()
    }
    const before = nodesOfHead()
    expect(before).toHaveLength(3)
    bed.host('one').cutLink()
    await bed.host('one').powerOff()
    await bed.host('one').powerOn()
    const joined = () => {
      const nodes = nodesOfHead()
      return nodes.length === 3 ? nodes : undefined
    }
    const after = await until('all have joined the new head', joined, 400_000)
    expect(after.filter((node) => before.includes(node))).toEqual([])
    await until('the panel sees them', async () => ((await alive().catch(() => [])).length === 3 ? true : undefined), 120_000)
  }, 600_000)

  test('a restart of one leaves the others alone', async () => {
    const before = rayProcesses('two').map(({ pid }) => pid)
    const { operationId } = await call('clusters.restart', { cluster: 'lab', machines: ['three'] })
    await done({ operationId })
    expect(rayProcesses('two').map(({ pid }) => pid)).toEqual(before)
    expect(await until('three is back', async () => ((await alive()).length === 3 ? true : undefined))).toBe(true)
  }, 120_000)

  test('add brings in a fourth; drain lets it leave, and remove leaves nothing there', async () => {
    await done(await call('clusters.add', { cluster: 'lab', machines: ['four'] }))
    await until('four is alive', async () => ((await alive()).includes('four') ? true : undefined))
    await done(await call('clusters.drain', { cluster: 'lab', machines: ['four'] }))
    expect(rayProcesses('four')).toEqual([])
    await until('four has left', async () => ((await alive()).includes('four') ? undefined : true))
    await done(await call('clusters.remove', { cluster: 'lab', machines: ['four'] }))
    expect(bed.host('four').listChanges()).toEqual([])
    expect(bed.host('four').processes()).toEqual([])
  }, 400_000)

  test('upgrade brings another Ray to all of it, the token stays, and the old environment goes', async () => {
    const folder = (await member('one'))?.sessionFolder ?? ''
    const token = () => bed.host('one').run(`cat ${folder}/head/join-token`)
    const before = token()
    const all = { cluster: 'lab', rayVersion: usualRayVersion }
    await expect(call('clusters.upgrade', { ...all, machines: ['two'] })).rejects.toThrow(/all nodes of lab have the same Ray/)
    await done(await call('clusters.upgrade', { ...all, machines: ['one', 'two', 'three'] }))
    await until('all are alive again', async () => ((await alive().catch(() => [])).length === 3 ? true : undefined))
    expect((await cluster()).ray?.version).toBe(usualRayVersion)
    expect(token()).toBe(before)
    for (const name of ['one', 'two', 'three'])
      expect(bed.host(name).run(`ls -d ${(await member(name))?.sessionFolder}/ray-[0-9]*`)).toMatch(/\/ray-2\.58\.0\n$/)
  }, 600_000)

  test('another Ray of the user on the same machine is left alone when ours goes down, and nothing of ours stays', async () => {
    const head = bed.host('one')
    const folder = (await member('one'))?.sessionFolder ?? ''
    head.run(`cp -r ${folder}/ray-${usualRayVersion} ~/own-ray && mkdir -p /tmp/own`, 'user')
    head.run(
      'nohup ~/own-ray/bin/python ~/own-ray/bin/ray start --head --port 7000 --include-dashboard=false --temp-dir /tmp/own --min-worker-port 21000 --max-worker-port 21100 --node-manager-port 7001 --object-manager-port 7002 --disable-usage-stats >/tmp/own.log 2>&1 </dev/null',
      'user',
    )
    const own = () => rayProcesses('one').filter(({ command }) => command.includes('/tmp/own'))
    const before = own().length
    expect(before).toBeGreaterThan(1)
    await done(await call('clusters.down', { cluster: 'lab' }))
    expect(own().length).toBe(before)
    expect(rayProcesses('one').filter(({ command }) => command.includes('.shoal'))).toEqual([])
    for (const name of ['two', 'three']) {
      expect(bed.host(name).listChanges()).toEqual([])
      expect(bed.host(name).processes()).toEqual([])
    }
    expect(head.run('ls -A ~/.shoal /tmp 2>&1 || true', 'user')).not.toMatch(/shoal-|clusters/)
  }, 200_000)
})
