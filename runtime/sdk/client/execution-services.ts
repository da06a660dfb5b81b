import { ClusterError } from '../../base/errors.ts'
import { objectIdOf, type TaskId } from '../../base/ids.ts'
import type { RefArgument, TaskResult } from '../../protocol/tasks.ts'
import type { ExecutionServices, OpenArguments } from '../execution.ts'
import type { Client } from './client.ts'
import { taskScope } from './read.ts'
import { RefState } from './ref-state.ts'
import type { ShoalBackend } from './shoal-backend.ts'

/** What the worker around this client needs to run tasks: values in, values out. */
export function createExecutionServices(client: Client, backend: ShoalBackend): ExecutionServices {
  /** Refs inside results, held until the caller holds them itself. */
  const resultRefs = new Map<TaskId, RefState[]>()
  return {
    workerId: client.address.workerId,
    nodeId: client.address.nodeId,
    loadFunction: (functionId) => client.functions.load(functionId),
    openArguments: (call) => openArguments(client, call),
    encodeResult({ taskId, callerId }, index, value) {
      const result = client.encodeResult(objectIdOf(taskId, index), value, callerId)
      return result instanceof Promise ? result.then((made) => hold(taskId, made)) : hold(taskId, result)
    },
    encodeError: (error) => client.errors.encode(error),
    releaseResults(taskIds) {
      for (const taskId of taskIds) resultRefs.delete(taskId)
    },
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

function openArguments(client: Client, call: { args: Uint8Array; refArgs: readonly RefArgument[] }): OpenArguments | Promise<OpenArguments> {
  const { value, fresh } = client.references.collectBorrows(() => client.codec.decode(call.args, false))
  // Owners are told while the task runs; it ends for its caller when they know.
  const announced = fresh.length > 0 ? client.references.announce(fresh).then(() => nothing) : undefined
  const settle = announced ? () => announced : settledAtOnce
  if (!(value instanceof Promise) && call.refArgs.length === 0) return { values: value as unknown[], settle } // the SDK encodes arguments as an array
  return fillIn(client, value, call.refArgs).then((values) => ({ values, settle }))
}

async function fillIn(client: Client, decoded: unknown, refArgs: readonly RefArgument[]): Promise<unknown[]> {
  const values = (await decoded) as unknown[] // the SDK encodes arguments as an array
  await Promise.all(
    refArgs.map(async (argument) => {
      values[argument.index] = await valueOf(client, argument)
    }),
  )
  return values
}

/** @throws ClusterError `object.lost` with the object's id: the owner of the task has it made again. */
async function valueOf(client: Client, { objectId, owner, place }: RefArgument): Promise<unknown> {
  if (place.kind === 'inline') return client.codec.decode(place.bytes, false)
  const state = new RefState(objectId, owner, () => {}) // the caller holds the object as long as the task runs
  state.place = place
  state.status = 'ready'
  const bytes = await client.reader.fetch(state)
  if (bytes) return client.codec.decode(bytes, true)
  throw new ClusterError('object.lost', `no copy of argument ${objectId} could be read`, { details: { objectId } })
}
