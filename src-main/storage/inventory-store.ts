import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { ClusterError } from '../../runtime/base/errors.ts'
import { ClusterId, Finding, type Machine, MachineFacts, MachineId, MachineReach, MachineSpec } from '../contract/machines.ts'
import type { DataFolder } from './data-folder.ts'
import { JsonFile } from './json-file.ts'
import { comparableName, newMachineId } from './new-id.ts'

export const maxMachines = 4_096

/** What a person said of a machine, and where it belongs. What was seen of it lies in a file of its own, as that changes often. */
const Entry = z.object({ id: MachineId, spec: MachineSpec, addedAtMs: z.number(), clusterId: ClusterId.nullable() })
type Entry = z.infer<typeof Entry>

const Seen = z.object({ reach: MachineReach, facts: MachineFacts.nullable(), findings: z.array(Finding).max(256) })
export type Seen = z.infer<typeof Seen>

/** All changes are on disk when they resolve. What is returned is not changed later: a change makes a new `Machine`. */
export type InventoryStore = {
  /** What a person should hear about files that could not be read. */
  readonly warnings: readonly string[]
  /** In the order they were added. */
  list(): Machine[]
  /** By id, or by name without regard to case. */
  find(idOrName: string): Machine | undefined
  /** @throws ClusterError `machine.not-found` */
  get(idOrName: string): Machine
  /** Adds all or none. @throws ClusterError `already-exists` naming the name, `limit.reached` */
  add(specs: readonly MachineSpec[]): Promise<Machine[]>
  /** Puts `spec` in place of what was said before; machines that go through it by name follow a new name. @throws ClusterError `machine.not-found`, `already-exists` */
  update(id: string, spec: MachineSpec): Promise<Machine>
  /** Keeps what a connection or a probe found; what is left out stays. @throws ClusterError `machine.not-found` */
  record(id: string, seen: Partial<Seen>): Promise<Machine>
  setCluster(ids: readonly string[], clusterId: string | null): Promise<void>
  /** Removes all or none. @throws ClusterError `machine.not-found`, and `wrong-state` when one is in a cluster, or is the way to one that stays */
  remove(ids: readonly string[]): Promise<void>
}

export async function openInventoryStore(folder: DataFolder): Promise<InventoryStore> {
  const file = await JsonFile.open<Entry[]>({
    path: folder.file('machines.json'),
    schema: z.array(Entry).max(maxMachines),
    version: 1,
    empty: () => [],
  })
  const seen = await openSeen(await folder.folder('seen'), file.data)
  const machineOf = (entry: Entry): Machine => {
    const { id, addedAtMs, clusterId } = entry
    return { ...entry.spec, id, addedAtMs, clusterId, ...seen.of(id, addedAtMs) }
  }
  const entryOf = (idOrName: string, entries = file.data): Entry => findEntry(entries, idOrName) ?? notFound(idOrName)
  return {
    warnings: [...(file.warning === undefined ? [] : [file.warning]), ...seen.warnings],
    list: () => file.data.map(machineOf),
    find(idOrName) {
      const entry = findEntry(file.data, idOrName)
      return entry && machineOf(entry)
    },
    get: (idOrName) => machineOf(entryOf(idOrName)),
    async add(specs) {
      const added: Entry[] = specs.map((spec) => ({ id: newMachineId(), spec: plainSpec(spec), addedAtMs: Date.now(), clusterId: null }))
      await file.update((entries) => withUniqueNames([...entries, ...added]))
      return added.map((entry) => machineOf(entryOf(entry.id)))
    },
    async update(id, spec) {
      await file.update((entries) => {
        const old = entryOf(id, entries)
        const replaced = entries.map((each) => (each.id === old.id ? { ...each, spec: plainSpec(spec) } : each))
        return withUniqueNames(followName(replaced, old.spec.name, spec.name))
      })
      return machineOf(entryOf(id))
    },
    async record(id, more) {
      const entry = entryOf(id)
      await seen.write(entry, more)
      return machineOf(entryOf(entry.id))
    },
    async setCluster(ids, clusterId) {
      const chosen = new Set(ids)
      await file.update((entries) => entries.map((each) => (chosen.has(each.id) ? { ...each, clusterId } : each)))
    },
    async remove(ids) {
      const gone = new Set(ids.map((id) => entryOf(id).id))
      await file.update((entries) => withoutThem(entries, gone))
      await seen.remove(gone)
    },
  }
}

const plainSpec = (spec: MachineSpec): MachineSpec => {
  const parsed = MachineSpec.safeParse(spec)
  if (parsed.success) return parsed.data
  throw new ClusterError('bad-argument', `machine ${String(spec.name)} cannot be kept as it is: ${z.prettifyError(parsed.error)}`)
}

function findEntry(entries: readonly Entry[], idOrName: string): Entry | undefined {
  const name = comparableName(idOrName)
  return entries.find((each) => each.id === idOrName) ?? entries.find((each) => comparableName(each.spec.name) === name)
}

function notFound(idOrName: string): never {
  throw new ClusterError(
    'machine.not-found',
    `there is no machine ${JSON.stringify(idOrName)}. \`shoal machine list\` shows those there are.`,
  )
}

function withUniqueNames(entries: Entry[]): Entry[] {
  if (entries.length > maxMachines) {
    throw new ClusterError(
      'limit.reached',
      `that would make ${entries.length} machines; at most ${maxMachines} are kept. Remove some first.`,
    )
  }
  const [first, second] = entries.filter(({ spec }) => spec.via === 'local')
  if (first && second) {
    const message = `machine ${first.spec.name} is this computer already, so ${second.spec.name} cannot be it too`
    throw new ClusterError('already-exists', message, { details: { name: second.spec.name } })
  }
  const taken = new Set<string>()
  for (const { spec } of entries) {
    const name = comparableName(spec.name)
    if (taken.has(name)) {
      throw new ClusterError('already-exists', `there is a machine ${spec.name} already. Choose another name, or change that one.`, {
        details: { name: spec.name },
      })
    }
    taken.add(name)
  }
  return entries
}

/** Who jumps over a machine names it; a new name must not send them elsewhere. */
function followName(entries: Entry[], from: string, to: string): Entry[] {
  if (from === to) return entries
  const old = comparableName(from)
  return entries.map((entry) => {
    const { jump } = entry.spec
    if (!jump?.some((hop) => comparableName(hop) === old)) return entry
    return { ...entry, spec: { ...entry.spec, jump: jump.map((hop) => (comparableName(hop) === old ? to : hop)) } }
  })
}

function withoutThem(entries: Entry[], gone: ReadonlySet<string>): Entry[] {
  const stays = entries.filter((each) => !gone.has(each.id))
  for (const { id, spec, clusterId } of entries) {
    if (!gone.has(id)) continue
    if (clusterId !== null) {
      throw new ClusterError('wrong-state', `machine ${spec.name} is part of cluster ${clusterId}. Remove it from there first.`)
    }
    const name = comparableName(spec.name)
    const users = stays.filter((each) => each.spec.jump?.some((hop) => comparableName(hop) === name)).map((each) => each.spec.name)
    if (users.length > 0) {
      const shown = users.length > 5 ? `${users.slice(0, 5).join(', ')} and ${users.length - 5} more` : users.join(', ')
      throw new ClusterError(
        'wrong-state',
        `machine ${spec.name} is the way to ${shown}. Change their jump hosts first, or remove them too.`,
      )
    }
  }
  return stays
}

const unlinked = (seen: Seen): Seen => ({ ...seen, reach: { ...seen.reach, state: 'reachable' } })

/** One file a machine: a probe of one does not write what was found of 4,000. It can be found again, so it does not wait for the disk. */
async function openSeen(folder: string, entries: readonly Entry[]) {
  const known = new Set(entries.map((each) => each.id))
  const files = new Map<string, JsonFile<Seen>>()
  const opening = new Map<string, Promise<JsonFile<Seen>>>() // two that come at once must not write one file each by itself
  const warnings: string[] = []
  const never = (sinceMs: number): Seen => ({
    reach: { state: 'never-tried', sinceMs, code: null, message: null },
    facts: null,
    findings: [],
  })
  const pathOf = (id: string) => join(folder, `${id}.json`)
  const open = async (id: string, addedAtMs: number) => {
    const options = { path: pathOf(id), schema: Seen, version: 1, maxBytes: 16 * 1_048_576, isDurable: false }
    const file = await JsonFile.open<Seen>({ ...options, empty: () => never(addedAtMs) })
    if (file.warning !== undefined && warnings.length < 16) warnings.push(file.warning)
    files.set(id, file)
    return file
  }
  const present = new Set(await readdir(folder))
  for (const { id, addedAtMs } of entries) {
    if (!present.has(`${id}.json`)) continue
    const file = await open(id, addedAtMs)
    opening.set(id, Promise.resolve(file))
    if (file.data.reach.state === 'connected') await file.update(unlinked) // by the panel that ran before
  }
  for (const name of present) {
    const id = /^(m-[0-9a-f]{12})\.json$/.exec(name)?.[1]
    if (id !== undefined && !known.has(id)) await rm(join(folder, name), { force: true }) // its machine was removed, and then the panel ended
  }
  return {
    warnings,
    of: (id: string, addedAtMs: number): Seen => files.get(id)?.data ?? never(addedAtMs),
    async write({ id, addedAtMs }: Entry, more: Partial<Seen>): Promise<void> {
      const started = opening.get(id) ?? open(id, addedAtMs)
      opening.set(id, started)
      const file = await started
      await file.update((old) => ({ ...old, ...more }))
    },
    async remove(ids: ReadonlySet<string>): Promise<void> {
      for (const id of ids) {
        files.delete(id)
        opening.delete(id)
        await rm(pathOf(id), { force: true })
      }
    },
  }
}
