/**
 * Ids in Ray's lengths and nesting (Ray: src/ray/design_docs/id_specification.md), as lower-case hex text.
 * A job is 4 bytes; an actor 12 bytes + its job; a task 8 bytes + its actor (or a nil actor of its job);
 * an object 4 bytes of index, little end first, behind the task that made it.
 */
export type JobId = string
export type ActorId = string
export type TaskId = string
export type ObjectId = string
export type NodeId = string
export type WorkerId = string
export type GroupId = string

export const idLengths = { job: 8, actor: 32, task: 48, object: 56, node: 56, worker: 56, group: 36 } as const
export type IdKind = keyof typeof idLengths

/** Fills `bytes` bytes of hex. Handed in, so that cores and simulations stay deterministic. */
export type RandomHex = (bytes: number) => string

const nilActor = 'f'.repeat(24)

export const jobIdOf = (number: number): JobId => number.toString(16).padStart(8, '0')
export const newNodeId = (randomHex: RandomHex): NodeId => randomHex(28)
export const newWorkerId = (randomHex: RandomHex): WorkerId => randomHex(28)
export const newActorId = (randomHex: RandomHex, jobId: JobId): ActorId => randomHex(12) + jobId
export const newGroupId = (randomHex: RandomHex, jobId: JobId): GroupId => randomHex(14) + jobId

/**
 * Makes task ids for one owner: 4 random bytes of the owner, 4 bytes that count. Cheap, as ids are minted on every call.
 * Two owners of one job collide with a chance of 2^-32 for each pair.
 */
export function createTaskIds(randomHex: RandomHex, jobId: JobId): (actorId?: ActorId) => TaskId {
  let prefix = '' // most workers never make a task, and random bytes are the first to load node:crypto
  let counter = 0
  const plainSuffix = nilActor + jobId
  return (actorId) => {
    if (prefix === '' || counter === 0xffff_ffff) {
      prefix = randomHex(4)
      counter = 0
    }
    counter += 1
    return prefix + hex8(counter) + (actorId ?? plainSuffix)
  }
}

/** The object at `index` (1 is the first return) of a task. */
export const objectIdOf = (taskId: TaskId, index: number): ObjectId => taskId + littleEndHex8(index)
export const indexOfObject = (objectId: ObjectId): number => Number.parseInt(swapBytes(objectId.slice(48)), 16)

export function isId(kind: IdKind, text: string): boolean {
  return text.length === idLengths[kind] && /^[0-9a-f]+$/.test(text)
}

const smallIndexes = Array.from({ length: 256 }, (_, index) => `${index.toString(16).padStart(2, '0')}000000`)
const littleEndHex8 = (value: number): string => smallIndexes[value] ?? swapBytes(hex8(value))
const hex8 = (value: number): string => (value + 0x1_0000_0000).toString(16).slice(1)
const swapBytes = (hex: string): string => hex.slice(6, 8) + hex.slice(4, 6) + hex.slice(2, 4) + hex.slice(0, 2)
