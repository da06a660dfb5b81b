import { objectIdOf, type TaskId } from '../../base/ids.ts'
import { inlineLimitBytes } from '../../protocol/tasks.ts'
import type { OwnedTask, TaskKind } from '../owner/core/state.ts'
import type { Codec } from './codec.ts'
import type { PendingTask } from './pending-task.ts'
import type { References } from './references.ts'
import { inlineArgumentsBytes } from './message-size.ts'
import { isRef, type RefState, stateOf } from './ref-state.ts'
import { StreamState } from './stream-state.ts'

export type PackedArguments = {
  readonly args: Uint8Array
  readonly refArgs: readonly RefState[]
  readonly positions: readonly number[]
  readonly nested: readonly RefState[]
}

export type PackIo = {
  readonly codec: Codec
  readonly references: References /** Puts a large argument into the store and returns its ref. */
  readonly put: (value: unknown) => RefState
}

const noStates: readonly RefState[] = []
const noPositions: readonly number[] = []

/** Arguments as they travel: refs at the top level apart, large values put into the store, the rest encoded as one array. */
export function packArguments(args: readonly unknown[], what: string, io: PackIo): PackedArguments {
  let refArgs: RefState[] | undefined
  let positions: number[] | undefined
  let plain: unknown[] | undefined
  for (let index = 0; index < args.length; index += 1) {
    const value = args[index]
    if (!isRef(value)) continue
    plain ??= [...args]
    refArgs ??= []
    positions ??= []
    plain[index] = undefined
    refArgs.push(stateOf(value))
    positions.push(index)
  }
  const values = plain ?? args
  const encoded = io.codec.encode(values, what)
  if (encoded.sizeBytes > inlineLimitBytes && values.length > 0) {
    // Together too much for a message: then all but the smallest go by the store.
    const limit = encoded.sizeBytes > inlineArgumentsBytes ? smallBytes : inlineLimitBytes
    const moved = moveLargeOut(values, { what, limit }, io)
    if (moved)
      return packArguments(
        args.map((value, index) => moved.get(index) ?? value),
        what,
        io,
      )
  }
  const nested = encoded.hostRecords.length === 0 ? noStates : io.codec.refsIn(encoded)
  return { args: encoded.toBytes(), refArgs: refArgs ?? noStates, positions: positions ?? noPositions, nested }
}

const smallBytes = 1024

/** Refs for the arguments above `limit` bytes by themselves; undefined when none is. */
function moveLargeOut(
  values: readonly unknown[],
  { what, limit }: { what: string; limit: number },
  io: PackIo,
): Map<number, unknown> | undefined {
  const moved = new Map<number, unknown>()
  for (const [index, value] of values.entries()) {
    if (typeof value !== 'object' && typeof value !== 'string') continue
    if (value === null || io.codec.encode(value, `argument ${index + 1} of ${what}`).sizeBytes <= limit) continue
    moved.set(index, io.references.toRef(io.put(value)))
  }
  return moved.size > 0 ? moved : undefined
}

export type TaskPlan = {
  readonly kind: TaskKind
  readonly call: OwnedTask['call']
  readonly maxRetries: number
  readonly retryErrors: OwnedTask['retryErrors']
}

/** A task with its refs, not submitted yet. */
export function makePending(
  { taskId, plan, packed }: { taskId: TaskId; plan: TaskPlan; packed: PackedArguments },
  references: References,
): PendingTask {
  const returnCount = plan.call ? plan.call.returnCount : plan.kind.template.returnCount
  const task: OwnedTask = {
    taskId,
    kind: plan.kind,
    call: plan.call,
    args: packed.args,
    refArgs:
      packed.refArgs.length === 0
        ? noRefs
        : packed.refArgs.map((state, position) => ({ index: packed.positions[position] ?? 0, objectId: state.objectId })),
    maxRetries: plan.maxRetries,
    retryErrors: plan.retryErrors,
    retriesLeft: plan.maxRetries,
    attempt: 0,
    phase: 'waiting',
    waitingFor: 0,
    yielded: 0,
    alone: false,
    cancelled: false,
    leaseId: null,
    recoveries: 0,
    notBeforeMs: 0,
  }
  const returns: RefState[] = []
  for (let index = 1; index <= returnCount; index += 1) returns.push(references.owned(objectIdOf(taskId, index)))
  return { task, returns, refArgs: packed.refArgs, nested: packed.nested, stream: returnCount < 0 ? new StreamState() : null }
}

const noRefs: OwnedTask['refArgs'] = []
