import { randomBytes } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Cluster } from '#src-main/contract/clusters.ts'
import { MachineSpec } from '#src-main/contract/machines.ts'
import type { Operation } from '#src-main/contract/operations.ts'
import { openClusterStore } from '#src-main/storage/cluster-store.ts'
import { maxMachines, openInventoryStore } from '#src-main/storage/inventory-store.ts'
import { newClusterId } from '#src-main/storage/new-id.ts'
import { maxOperations, openOperationStore } from '#src-main/storage/operation-store.ts'
import { openSettingsStore } from '#src-main/storage/settings-store.ts'
import { refusalOf, temporaryDataFolder } from './support.ts'

const spec = (name: string, more: Partial<MachineSpec> = {}): MachineSpec => MachineSpec.parse({ name, host: `${name}.lab`, ...more })
const reached = { state: 'reachable', sinceMs: 5, code: null, message: null } as const

describe('the inventory', () => {
  test('keeps machines with what was seen of them over a restart', async () => {
    const folder = await temporaryDataFolder()
    const inventory = await openInventoryStore(folder)
    const [first, second] = await inventory.add([spec('gpu1', { tags: ['a100'], groups: ['lab/gpu'] }), spec('gpu2')])
    if (!first || !second) throw new Error('two were added')
    expect(first).toMatchObject({ name: 'gpu1', reach: { state: 'never-tried' }, facts: null, clusterId: null })
    await Promise.all([inventory.record(first.id, { reach: reached }), inventory.record('GPU1', { findings: [] })])
    await inventory.update(second.id, spec('node2', { port: 2_222 }))
    const again = await openInventoryStore(folder)
    expect(again.list()).toEqual(inventory.list())
    expect(again.find('NODE2')).toMatchObject({ id: second.id, port: 2_222 })
    expect(again.find(first.id)?.reach).toEqual(reached)
    expect(again.find('gpu2')).toBeUndefined()
    expect(again.warnings).toEqual([])
  })

  test('has each name once, whatever its case, and adds all or none', async () => {
    const inventory = await openInventoryStore(await temporaryDataFolder())
    await inventory.add([spec('gpu1')])
    expect(await refusalOf(inventory.add([spec('other'), spec('GPU1')]))).toMatchObject({
      code: 'already-exists',
      details: { name: 'GPU1' },
    })
    expect((await refusalOf(inventory.add([spec('a'), spec('A')]))).code).toBe('already-exists')
    const [two] = await inventory.add([spec('gpu2')])
    expect((await refusalOf(inventory.update(two?.id ?? '', spec('Gpu1')))).code).toBe('already-exists')
    expect(inventory.list().map((each) => each.name)).toEqual(['gpu1', 'gpu2'])
    expect((await refusalOf(() => inventory.get('gpu3'))).code).toBe('machine.not-found')
  })

  test('does not lose the way to a machine: a new name is followed, and a hop in use is not removed', async () => {
    const inventory = await openInventoryStore(await temporaryDataFolder())
    const [bastion, gpu] = await inventory.add([spec('bastion'), spec('gpu', { jump: ['Bastion', 'me@other:22'] })])
    await inventory.update(bastion?.id ?? '', spec('gate'))
    expect(inventory.get('gpu').jump).toEqual(['gate', 'me@other:22'])
    expect(await refusalOf(inventory.remove(['gate']))).toMatchObject({
      code: 'wrong-state',
      message: expect.stringContaining('way to gpu'),
    })
    await inventory.setCluster([gpu?.id ?? ''], newClusterId())
    expect((await refusalOf(inventory.remove(['gpu', 'gate']))).message).toContain('part of cluster')
    await inventory.setCluster([gpu?.id ?? ''], null)
    await inventory.remove(['gpu', 'gate'])
    expect(inventory.list()).toEqual([])
  })

  test('takes 4,096 machines and not one more', async () => {
    const inventory = await openInventoryStore(await temporaryDataFolder())
    await inventory.add(Array.from({ length: maxMachines }, (_, index) => spec(`n${index}`)))
    expect((await refusalOf(inventory.add([spec('more')]))).code).toBe('limit.reached')
    expect(inventory.list()).toHaveLength(maxMachines)
  })

  test('removes what was seen of a machine with it, also what a crash left', async () => {
    const folder = await temporaryDataFolder()
    const inventory = await openInventoryStore(folder)
    await inventory.add([spec('a')])
    await inventory.record('a', { reach: reached })
    const seen = await folder.folder('seen')
    await writeFile(join(seen, 'm-000000000000.json'), '{}')
    await openInventoryStore(folder)
    expect(await readdir(seen)).toEqual([`${inventory.get('a').id}.json`])
    await inventory.remove(['a'])
    expect(await readdir(seen)).toEqual([])
  })

  test('a broken file is said and kept', async () => {
    const folder = await temporaryDataFolder()
    await writeFile(folder.file('machines.json'), '{"version":1,"data":[{"id":"m-1"}]}')
    expect((await openInventoryStore(folder)).warnings.join()).toContain('machines.json.broken-')
  })
})

const cluster = (name: string): Cluster => ({
  id: newClusterId(),
  name,
  engine: 'shoal',
  createdAtMs: 1,
  ports: { head: 6_379, agent: 6_380, api: 8_265 },
  service: 'none',
  members: [],
  link: { state: 'connected', sinceMs: 1, message: null },
  lease: { holder: 'p-1', isOurs: true },
})

test('clusters are found by id and name, and after a restart none is connected', async () => {
  const folder = await temporaryDataFolder()
  const store = await openClusterStore(folder)
  const { id } = await store.add(cluster('lab'))
  await Promise.all([store.update(id, (each) => ({ ...each, service: 'auto' })), store.update(id, (each) => ({ ...each, createdAtMs: 2 }))])
  expect(store.get('LAB')).toMatchObject({ service: 'auto', createdAtMs: 2, link: { state: 'connected' } })
  expect((await refusalOf(store.add(cluster('lab')))).code).toBe('already-exists')
  const again = await openClusterStore(folder)
  expect(again.find(id)).toMatchObject({ service: 'auto', link: { state: 'off' }, lease: { holder: null, isOurs: false } })
  await again.remove(id)
  expect((await refusalOf(again.remove(id))).code).toBe('cluster.not-found')
  expect((await openClusterStore(folder)).list()).toEqual([])
})

const operation = (startedAtMs: number, state: Operation['state'], id = `op-${randomBytes(8).toString('hex')}`): Operation => ({
  id,
  kind: 'create',
  title: `number ${startedAtMs}`,
  clusterId: null,
  state,
  startedAtMs,
  endedAtMs: state === 'running' ? null : startedAtMs + 1,
  machines: [],
  failure: null,
})

describe('operations', () => {
  test('one that ran when the panel ended is found as interrupted, with its journal', async () => {
    const folder = await temporaryDataFolder()
    const store = await openOperationStore(folder)
    const running = operation(1, 'running')
    await Promise.all([store.save(running), store.save({ ...running, title: 'later' })])
    await store.saveJournal(running.id, 'step 3')
    expect((await store.get(running.id)).title).toBe('later')
    const again = await openOperationStore(folder)
    expect(again.list()).toMatchObject([{ id: running.id, state: 'interrupted', title: 'later' }])
    expect(await again.get(running.id)).toMatchObject({ state: 'interrupted', endedAtMs: expect.any(Number) })
    expect(await again.readJournal(running.id)).toBe('step 3')
    await again.remove(running.id)
    expect(await readdir(await folder.folder('operations'))).toEqual([])
  })

  test('beyond 200 the oldest ended ones go, and those that can be continued stay longest', async () => {
    const folder = await temporaryDataFolder()
    const store = await openOperationStore(folder)
    const kept = operation(0, 'interrupted')
    await store.save(kept)
    for (let at = 1; at <= maxOperations + 5; at += 1) await store.save(operation(at, 'done'))
    const list = store.list()
    expect(list).toHaveLength(maxOperations)
    expect(list[0]?.startedAtMs).toBe(maxOperations + 5)
    expect(list.slice(-2).map((each) => each.startedAtMs)).toEqual([7, 0])
    expect(await readdir(await folder.folder('operations'))).toHaveLength(maxOperations)
  })

  test('an id is never a path', async () => {
    const store = await openOperationStore(await temporaryDataFolder())
    expect((await refusalOf(store.readJournal('../settings'))).code).toBe('not-found')
    expect((await refusalOf(store.get('op-0000000000000000'))).code).toBe('not-found')
  })
})

test('settings keep the id of the panel, and refuse what cannot be', async () => {
  const folder = await temporaryDataFolder()
  const store = await openSettingsStore(folder)
  const { panelId } = store.settings
  expect(store.settings).toMatchObject({ secrets: 'memory', parallelMachines: 10 })
  await store.update({ parallelMachines: 16 })
  expect(await refusalOf(store.update({ parallelMachines: 0 }))).toMatchObject({
    code: 'bad-argument',
    message: expect.stringContaining('parallelMachines'),
  })
  expect((await openSettingsStore(folder)).settings).toMatchObject({ panelId, parallelMachines: 16 })
  expect(await readFile(folder.file('settings.json'), 'utf8')).toContain(panelId)
})
