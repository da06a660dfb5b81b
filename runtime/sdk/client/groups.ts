import * as z from 'zod'
import { newGroupId } from '../../base/ids.ts'
import { GroupChanged, type GroupSpec, GroupTableReply } from '../../protocol/groups.ts'
import type { GroupInfo, PlacementGroupOptions } from '../cluster-types.ts'
import { errorFromFailure } from '../errors.ts'
import { selectorFrom } from '../options.ts'
import { ClusterError } from '../../base/errors.ts'
import { PlacementGroup } from '../placement-group.ts'
import { randomHex } from '../random-hex.ts'
import type { Client } from './client.ts'
import type { HostKind } from './codec.ts'

/** A group inside a value: its id says it all. */
export const groupKind: HostKind = {
  kind: 'group',
  encode: (value) => (value instanceof PlacementGroup ? { kind: 'group', id: value.id, bundleCount: value.bundleCount } : undefined),
  decode: (record) => new PlacementGroup(String(record['id']), Number(record['bundleCount'])),
}

type Known = { created: Promise<void>; last: GroupChanged | null; waiters: ((changed: GroupChanged) => void)[] }

const keptRemoved = 1_000

/** Placement groups that this process made or uses. */
export class Groups {
  readonly #client: Client
  readonly #known = new Map<string, Known>()
  /** Of these, the ones that are removed, oldest first. */
  readonly #removed = new Set<string>()
  constructor(client: Client) {
    this.#client = client
  }

  create(options: PlacementGroupOptions): string {
    const groupId = newGroupId(randomHex, this.#client.jobId)
    const selectors = options.bundleLabelSelector ?? []
    const spec: GroupSpec = {
      groupId,
      jobId: this.#client.jobId,
      creatorId: this.#client.address.workerId,
      name: options.name ?? null,
      strategy: options.strategy ?? 'PACK',
      bundles: options.bundles.map((resources, index) => ({
        resources: { ...resources },
        labels: selectorFrom(selectors.length === 1 ? selectors[0] : selectors[index]),
      })),
      detached: options.lifetime === 'detached',
    }
    const created = this.#client.request({ type: 'group.create', spec }, z.unknown()).then(() => {})
    created.catch(() => {}) // said by whoever waits for it
    this.#known.set(groupId, { created, last: null, waiters: [] })
    return groupId
  }

  /** Resolves when all bundles are there. @throws ClusterError `group.removed`, `group.unschedulable` */
  async ready(groupId: string): Promise<void> {
    const known = this.#of(groupId)
    await known.created
    if (!known.last) await this.#ask(groupId)
    // What came last counts: news may arrive together with the answer, before anybody waits for it.
    while (known.last && (known.last.status.kind === 'pending' || known.last.status.kind === 'rescheduling')) {
      await new Promise<GroupChanged>((resolve) => known.waiters.push(resolve))
    }
    if (known.last?.status.kind === 'removed') throw errorFromFailure(known.last.status.failure)
  }

  async remove(groupId: string): Promise<void> {
    await this.#of(groupId).created
    await this.#client.request({ type: 'group.remove', groupId }, z.unknown())
  }

  /** Tells the owner's core where the bundles are, now and at every change. */
  watch(groupId: string): void {
    const known = this.#of(groupId)
    known.created
      .then(() => this.#ask(groupId))
      .then(
        (changed) => this.#raise(changed),
        (error: unknown) => {
          if (error instanceof ClusterError && error.retryable) setTimeout(() => this.watch(groupId), 500).unref()
          else this.#raise(goneGroup(groupId, error))
        },
      )
  }

  #raise(changed: GroupChanged): void {
    this.#client.owner.raise({
      type: 'group.changed',
      groupId: changed.groupId,
      version: changed.version,
      status: changed.status,
      nowMs: performance.now(),
    })
  }

  async #ask(groupId: string): Promise<GroupChanged> {
    const changed = await this.#client.request({ type: 'group.watch', groupId }, GroupChanged)
    this.changed(changed)
    return changed
  }

  changed(changed: GroupChanged): void {
    const known = this.#of(changed.groupId)
    if (known.last && changed.version < known.last.version) return
    known.last = changed
    for (const waiter of known.waiters.splice(0)) waiter(changed)
    if (changed.status.kind === 'removed') this.#forgetOldest(changed.groupId)
  }

  /** What is said of a removed group that is forgotten here is asked of the head again. */
  #forgetOldest(groupId: string): void {
    this.#removed.add(groupId)
    if (this.#removed.size <= keptRemoved) return
    const [oldest] = this.#removed
    if (oldest === undefined) return
    this.#removed.delete(oldest)
    this.#known.delete(oldest)
  }

  async table(): Promise<GroupInfo[]> {
    const rows = await this.#client.request({ type: 'group.table' }, GroupTableReply)
    return rows.map(({ spec, status }) => ({
      groupId: spec.groupId,
      name: spec.name,
      strategy: spec.strategy,
      state: status.kind,
      why: status.kind === 'pending' ? status.why : '',
      bundles: spec.bundles.map(({ resources }, index) => ({
        index,
        resources,
        nodeId:
          status.kind === 'created' || status.kind === 'rescheduling'
            ? (status.bundles.find((bundle) => bundle.index === index)?.nodeId ?? null)
            : null,
      })),
    }))
  }

  #of(groupId: string): Known {
    const known = this.#known.get(groupId) ?? { created: Promise.resolve(), last: null, waiters: [] }
    this.#known.set(groupId, known)
    return known
  }
}

function goneGroup(groupId: string, error: unknown): GroupChanged {
  const message = error instanceof Error ? error.message : String(error)
  return {
    type: 'group.changed',
    groupId,
    version: Number.MAX_SAFE_INTEGER,
    status: { kind: 'removed', failure: { code: 'group.removed', message, details: { groupId } } },
  }
}
