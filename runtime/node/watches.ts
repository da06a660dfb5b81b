import type { ActorChanged } from '../protocol/actors.ts'
import type { GroupChanged } from '../protocol/groups.ts'

export type WatchKey = `actor:${string}` | `group:${string}`
export type Watched = ActorChanged | GroupChanged
export type Watcher = { send(message: object): unknown }

/** Who wants to hear of which actor or group. One watch at the head serves all of this node. */
export class Watches {
  readonly #watchers = new Map<WatchKey, Set<Watcher>>()
  readonly #keysOf = new Map<Watcher, Set<WatchKey>>()

  add(key: WatchKey, watcher: Watcher): void {
    addTo(this.#watchers, key, watcher)
    addTo(this.#keysOf, watcher, key)
  }

  drop(watcher: Watcher): void {
    for (const key of this.#keysOf.get(watcher) ?? []) {
      const watchers = this.#watchers.get(key)
      watchers?.delete(watcher)
      if (watchers?.size === 0) this.#watchers.delete(key)
    }
    this.#keysOf.delete(watcher)
  }

  /** What is to be asked for again after the link to the head was lost. */
  keys(): WatchKey[] {
    return [...this.#watchers.keys()]
  }

  /** Tells all who watch. What can never change again is watched no longer. */
  publish(message: Watched): void {
    const key = keyOf(message)
    const watchers = this.#watchers.get(key)
    if (!watchers) return
    for (const watcher of watchers) watcher.send(message)
    if (message.status.kind !== 'dead' && message.status.kind !== 'removed') return
    for (const watcher of watchers) this.#keysOf.get(watcher)?.delete(key)
    this.#watchers.delete(key)
  }
}

export const keyOf = (message: Watched): WatchKey =>
  message.type === 'actor.changed' ? `actor:${message.actorId}` : `group:${message.groupId}`

/** The request that watches what a key names. */
export function watchRequest(key: WatchKey): { type: 'actor.watch'; actorId: string } | { type: 'group.watch'; groupId: string } {
  const id = key.slice(key.indexOf(':') + 1)
  return key.startsWith('actor:') ? { type: 'actor.watch', actorId: id } : { type: 'group.watch', groupId: id }
}

function addTo<Key, Value>(map: Map<Key, Set<Value>>, key: Key, value: Value): void {
  const values = map.get(key)
  if (values) values.add(value)
  else map.set(key, new Set([value]))
}
