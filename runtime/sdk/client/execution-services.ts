import * as z from 'zod'
import { ClusterError } from '../../base/errors.ts'
import { objectIdOf, type TaskId } from '../../base/ids.ts'
import { allArguments, type RefArgument, type TaskResult } from '../../protocol/tasks.ts'
import type { ExecutionServices, OpenArguments } from '../execution.ts'
import type { Client } from './client.ts'
import { taskScope } from './read.ts'
import { RefState } from './ref-state.ts'
import type { ShoalBackend } from './shoal-backend.ts'

/** What the worker around this client needs to run tasks: values in, values out. */
export function createExecutionServices(client: Client, backend: ShoalBackend): ExecutionServices {
  /** Refs inside results, held until the caller holds them itself. */
  const resultRefs = new Map<TaskId, RefState[]>()
  client.ownership.hasResultsOut = () => resultRefs.size > 0
  return {
    workerId: client.address.workerId,
    nodeId: client.address.nodeId,
    loadFunction: (functionId) => client.functions.load(functionId),
    openArguments: (call) => openArguments(client, call),
    prefetch: (refArgs) => prefetch(client, refArgs),
    encodeResult({ taskId, callerId }, index, value) {
      const result = client.values.encodeResult(objectIdOf(taskId, index), value, { ownerId: callerId })
      return result instanceof Promise ? result.then((made) => hold(taskId, made)) : hold(taskId, result)
    },
    encodeError: (error) => client.errors.encode(error),
    releaseResults(taskIds) {
      for (const taskId of taskIds) resultRefs.delete(taskId)
    },
    whenNothingOwned: () => client.ownership.whenNothing(),
    cancelChildren: (taskId) => backend.cancelChildren(taskId),
    runInTask: (task, body) => taskScope.run(task, body),
  }

  function hold(taskId: TaskId, result: TaskResult): TaskResult {
    if (result.nested.length === 0) return result
    const states = result.nested.flatMap(({ objectId }) => client.references.find(objectId) ?? [])
    resultRefs.set(taskId, [...(resultRefs.get(taskId) ?? []), ...states])
    return result
  }
}

const nothing: readonly string[] = []
const settledAtOnce = () => nothing

function prefetch(client: Client, refArgs: readonly RefArgument[]): void {
  for (const { objectId, place } of refArgs) {
    if (place.kind !== 'stored' || place.copies.length === 0 || place.copies.some((copy) => copy.nodeId === client.address.nodeId)) continue
    const { sizeBytes, copies } = place
    client.agent.request({ type: 'object.pull', objectId, sizeBytes, copies }, { reply: z.unknown() }).catch(() => {}) // shown when it is opened
  }
}

type Opening = { readonly args: Uint8Array; readonly refArgs: readonly RefArgument[] }

function openArguments(client: Client, call: Opening): OpenArguments | Promise<OpenArguments> {
  const { value, fresh } = client.references.collectBorrows(() => client.codec.decode(call.args, false))
  if (!(value instanceof Promise) && call.refArgs.length === 0) return { values: value as unknown[], settle: announcing(client, fresh) } // the SDK encodes arguments as an array
  return fillIn(client, value, call).then(({ values, borrowed }) => ({ values, settle: announcing(client, [...fresh, ...borrowed]) }))
}

/** Owners of refs inside arguments are told while the task runs; it ends for its caller when they know. */
function announcing(client: Client, fresh: readonly RefState[]): OpenArguments['settle'] {
  if (fresh.length === 0) return settledAtOnce
  const announced = client.references.announce(fresh).then(() => nothing)
  return () => announced
}

async function fillIn(client: Client, decoded: unknown, call: Opening): Promise<{ values: unknown[]; borrowed: readonly RefState[] }> {
  const borrowed: RefState[] = []
  const open = async (argument: RefArgument): Promise<unknown> => {
    const opened = await valueOf(client, argument, call)
    borrowed.push(...opened.fresh)
    return opened.value
  }
  const all = call.refArgs.find(({ index }) => index === allArguments)
  const values = (await (all ? open(all) : decoded)) as unknown[] // the SDK encodes arguments as an array
  await Promise.all(
    call.refArgs.map(async (argument) => {
      if (argument !== all) values[argument.index] = await open(argument)
    }),
  )
  return { values, borrowed }
}

/** @throws ClusterError `object.lost` with the object's id: the owner of the task has it made again. */
async function valueOf(
  client: Client,
  { objectId, owner, place }: RefArgument,
  user: Opening,
): Promise<{ value: unknown; fresh: readonly RefState[] }> {
  const decode = (bytes: Uint8Array, shared: boolean) => client.references.collectBorrows(() => client.codec.decode(bytes, shared))
  if (place.kind === 'inline') return decode(place.bytes, false)
  const state = new RefState(objectId, owner, () => {}) // the caller holds the object as long as the task runs
  state.place = place
  state.status = 'ready'
  const bytes = await client.reader.fetch(state, user)
  if (bytes) return decode(bytes, true)
  throw new ClusterError('object.lost', `no copy of argument ${objectId} could be read`, { details: { objectId } })
}
