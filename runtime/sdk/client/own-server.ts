import type { ObjectId, WorkerId } from '../../base/ids.ts'
import type { Logger } from '../../base/logger.ts'
import type { Hello } from '../../protocol/hello.ts'
import { type ObjectLocated, toOwnerFromBorrower } from '../../protocol/objects.ts'
import { toWorkerFromOwner } from '../../protocol/tasks.ts'
import type { Link, MessageOf } from '../../transport/link.ts'
import { type Listener, listenUnix, type Peer as Greeted } from '../../transport/listen.ts'
import type { ClusterError } from '../../base/errors.ts'
import type { References } from './references.ts'
import type { RefState } from './ref-state.ts'

const incoming = { ...toWorkerFromOwner, ...toOwnerFromBorrower } as const
export type FromPeer = MessageOf<typeof incoming>
export type ToWorker = MessageOf<typeof toWorkerFromOwner>

/** One process that dialed us: as the owner of tasks we run, as a caller of our actor, or to borrow our objects. */
export type Caller = { /** Its worker id. */ readonly id: WorkerId; send(message: object): void; flush(): void; drained(): Promise<void> }

export type OwnServerIo = {
  readonly socketPath: string
  readonly version: string
  readonly workerId: WorkerId
  readonly logger: Logger
  readonly references: References
  /** Where an object of ours is, once it is ready. */
  readonly locate: (state: RefState) => Promise<ObjectLocated>
  /** These copies could not be read: drop them, and make the object again if none is left. */
  readonly missing: (state: RefState, nodeIds: readonly string[]) => void
  readonly onWork: (caller: Caller, message: ToWorker) => void
  readonly onCaller: (caller: Caller) => void
  readonly onCallerGone: (caller: Caller) => void
  readonly refuse: (hello: Hello) => ClusterError | undefined
}

/** Listens for other processes: those whose tasks run here, and those that use our objects. */
export function serveOthers(io: OwnServerIo): Promise<Listener> {
  return listenUnix(io.socketPath, {
    self: { version: io.version },
    logger: io.logger,
    onPeer: (hello, greeted) => {
      const refusal = io.refuse(hello)
      if (refusal) return greeted.refuse(refusal)
      attach(io, greeted, hello.workerId ?? '')
    },
  })
}

function attach(io: OwnServerIo, greeted: Greeted, id: WorkerId): void {
  const link: Link<FromPeer> = greeted.accept({ incoming, logger: io.logger, peer: `process ${id.slice(0, 8)}` })
  link.unref()
  const caller: Caller = { id, send: (message) => void link.send(message), flush: () => link.flush(), drained: () => link.drained() }
  io.onCaller(caller)
  link.onMessage((message) => {
    if (message.type === 'objects.returned') return io.references.takeBack(message.objectIds, message.borrower)
    if (message.type === 'object.copied') return noteCopy(io.references, message)
    if (message.type !== 'object.locate' && message.type !== 'objects.borrow' && message.type !== 'object.missing')
      io.onWork(caller, message)
  })
  link.onRequest((message) => answer(io, message))
  void link.closed.then(() => io.onCallerGone(caller))
}

function answer(io: OwnServerIo, message: FromPeer): unknown {
  switch (message.type) {
    case 'objects.borrow':
      return { unknown: io.references.lend(message.objectIds, message.borrower) }
    case 'object.locate':
      return locateById(io, message.objectId)
    case 'object.missing': {
      const state = io.references.find(message.objectId)
      if (state && !state.owner) io.missing(state, message.nodeIds)
      return locateById(io, message.objectId)
    }
    default:
      return undefined
  }
}

function locateById(io: OwnServerIo, objectId: ObjectId): Promise<ObjectLocated> | ObjectLocated {
  const state = io.references.find(objectId)
  if (state) return io.locate(state)
  return {
    kind: 'failed',
    failure: { code: 'object.freed', message: `object ${objectId} was freed, or its owner does not know it`, details: { objectId } },
  }
}

function noteCopy(
  references: References,
  { objectId, nodeId, agentAddress }: { objectId: ObjectId; nodeId: string; agentAddress: string },
): void {
  const state = references.find(objectId)
  if (!state || state.owner || state.place?.kind !== 'stored' || state.place.copies.some((copy) => copy.nodeId === nodeId)) return
  if (state.place.copies.length >= 64) return // enough to choose from
  references.setPlace(state, { ...state.place, copies: [...state.place.copies, { nodeId, agentAddress }] })
}
