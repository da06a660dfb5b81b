import { objectIdOf, type TaskId } from '../../base/ids.ts'
import { allArguments, inlineLimitBytes } from '../../protocol/tasks.ts'
import type { OwnedTask, TaskKind } from '../owner/core/state.ts'
import type { EncodedValue } from '../values/encode-value.ts'
import { noteCallSite, recordsCallSites } from './call-sites.ts'
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
  readonly references: References
  /** Puts large arguments into the store and returns their ref. */
  readonly putEncoded: (encoded: EncodedValue) => RefState
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
    const moved = moveLargeOut(values, what, io)
    if (moved)
      return packArguments(
        args.map((value, index) => moved.get(index) ?? value),
        what,
        io,
      )
  }
  if (encoded.sizeBytes > inlineArgumentsBytes) {
    const whole = io.putEncoded(encoded) // thousands of small ones: one object for all
    return {
      args: io.codec.encode([], what).toBytes(),
      refArgs: [whole, ...(refArgs ?? [])],
      positions: [allArguments, ...(positions ?? [])],
      nested: noStates,
    }
  }
  const nested = encoded.hostRecords.length === 0 ? noStates : io.codec.refsIn(encoded)
  return { args: encoded.toBytes(), refArgs: refArgs ?? noStates, positions: positions ?? noPositions, nested }
}

/** Refs for the arguments that are too large for a message by themselves; undefined when none is. */
function moveLargeOut(values: readonly unknown[], what: string, io: PackIo): Map<number, unknown> | undefined {
  const moved = new Map<number, unknown>()
  for (const [index, value] of values.entries()) {
    if (typeof value !== 'object' && typeof value !== 'string') continue
    if (value === null || !mayBeLarge(value)) continue
    const encoded = io.codec.encode(value, `argument ${index + 1} of ${what}`)
    if (encoded.sizeBytes > inlineLimitBytes) moved.set(index, io.references.toRef(io.putEncoded(encoded)))
  }
  return moved.size > 0 ? moved : undefined
}

/** False for short lists of numbers and short strings, of which a call may have thousands: they need not be encoded to be measured. */
function mayBeLarge(value: object | string): boolean {
  if (typeof value === 'string') return value.length > inlineLimitBytes / 3
  return !Array.isArray(value) || value.length > inlineLimitBytes / 9 || typeof value[0] !== 'number'
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
    createdMs: 0,
    told: 0,
    parentId: undefined,
  }
  const returns: RefState[] = []
  for (let index = 1; index <= returnCount; index += 1) returns.push(references.owned(objectIdOf(taskId, index)))
  const pending = { task, returns, refArgs: packed.refArgs, nested: packed.nested, stream: returnCount < 0 ? new StreamState() : null }
  if (recordsCallSites()) noteCallSite(pending, ...returns)
  return pending
}

const noRefs: OwnedTask['refArgs'] = []
