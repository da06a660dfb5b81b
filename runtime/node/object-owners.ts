import type { ObjectId, WorkerId } from '../base/ids.ts'

/** Whose the primary copies of this node are: when a process is gone, nobody will ever free what it owned. */
export class ObjectOwners {
  readonly #ownerOf = new Map<ObjectId, WorkerId>()
  readonly #objectsOf = new Map<WorkerId, Set<ObjectId>>()

  add(objectId: ObjectId, ownerId: WorkerId): void {
    this.remove(objectId)
    this.#ownerOf.set(objectId, ownerId)
    const objects = this.#objectsOf.get(ownerId)
    if (objects) objects.add(objectId)
    else this.#objectsOf.set(ownerId, new Set([objectId]))
  }

  find(objectId: ObjectId): WorkerId | undefined {
    return this.#ownerOf.get(objectId)
  }

  remove(objectId: ObjectId): void {
    const ownerId = this.#ownerOf.get(objectId)
    if (ownerId === undefined) return
    this.#ownerOf.delete(objectId)
    const objects = this.#objectsOf.get(ownerId)
    objects?.delete(objectId)
    if (objects?.size === 0) this.#objectsOf.delete(ownerId)
  }

  /** How many copies here belong to these. */
  count(ownerIds: readonly WorkerId[]): number {
    let objects = 0
    for (const ownerId of ownerIds) objects += this.#objectsOf.get(ownerId)?.size ?? 0
    return objects
  }

  /** What the owner had here; it is forgotten. */
  take(ownerId: WorkerId): ObjectId[] {
    const objects = [...(this.#objectsOf.get(ownerId) ?? [])]
    for (const objectId of objects) this.#ownerOf.delete(objectId)
    this.#objectsOf.delete(ownerId)
    return objects
  }
}
