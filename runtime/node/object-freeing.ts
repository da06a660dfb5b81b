import type { NodeId, WorkerId } from '../base/ids.ts'
import type { ObjectsFree } from '../protocol/objects.ts'
import type { StoreServer } from '../store/store-server.ts'
import type { Link } from '../transport/link.ts'
import type { ObjectOwners } from './object-owners.ts'
import type { Copy } from './object-transfer.ts'

export type ObjectFreeingIo = {
  readonly store: StoreServer
  readonly nodeId: NodeId
  readonly owners: ObjectOwners
  readonly linkTo: (copy: Copy) => Promise<Pick<Link, 'send'>>
}

/** Frees objects here and their copies on other nodes. */
export class ObjectFreeing {
  readonly #io: ObjectFreeingIo
  constructor(io: ObjectFreeingIo) {
    this.#io = io
  }

  /** Nobody will free what a process owned once it is gone. */
  freeOf(ownerId: WorkerId): void {
    const objectIds = this.#io.owners.take(ownerId)
    if (objectIds.length > 0) this.#io.store.free(objectIds)
  }

  free(message: ReturnType<(typeof ObjectsFree)['parse']>): void {
    this.#io.store.free(message.objects.map(({ objectId }) => objectId))
    for (const { copy, objectIds } of this.#elsewhere(message)) {
      this.#io.linkTo(copy).then(
        (link) => void link.send({ type: 'copies.free', objectIds }),
        () => {}, // its node is gone, and the copies with it
      )
    }
  }

  #elsewhere({ objects }: ReturnType<(typeof ObjectsFree)['parse']>): Iterable<{ copy: Copy; objectIds: string[] }> {
    const elsewhere = new Map<NodeId, { copy: Copy; objectIds: string[] }>()
    for (const { objectId, copies } of objects) {
      for (const copy of copies) {
        if (copy.nodeId === this.#io.nodeId) continue
        const known = elsewhere.get(copy.nodeId)
        if (known) known.objectIds.push(objectId)
        else elsewhere.set(copy.nodeId, { copy, objectIds: [objectId] })
      }
    }
    return elsewhere.values()
  }
}
