import type { Devices } from '../../protocol/scheduling.ts'
import type { UserError } from '../../protocol/tasks.ts'
import { taskScope } from '../../sdk/client/read.ts'
import type { ExecutionServices, OpenArguments } from '../../sdk/execution.ts'
import type { RayBackend } from '../../sdk/ray-backend/ray-backend.ts'
import type { Thing } from '../../sdk/ray-backend/things.ts'

/** Arguments as they came from Python: the packed ones, then the values of refs. */
export type IncomingCall = {
  readonly positions: readonly number[]
  readonly buffers: readonly Uint8Array[]
  /** Things inside them: held here until they have been decoded. */
  readonly things: readonly Thing[]
  readonly devices: Devices
}

/** What goes to Python beside bytes: the things in results, and the words of errors. */
export type RayServices = ExecutionServices & {
  /** Remembers the arguments of a call under the bytes that the executor carries around. */
  expect(call: IncomingCall): Uint8Array
  thingsIn(bytes: Uint8Array): readonly Thing[]
  textOf(error: UserError): string
}

const nothing: readonly string[] = []

export function createRayServices(backend: RayBackend): RayServices {
  const { client } = backend
  const expected = new WeakMap<Uint8Array, IncomingCall>()
  const inside = new WeakMap<Uint8Array, readonly Thing[]>()
  /** While the call runs: its code, which may hold some of them, may still be loading. */
  const held = new Map<unknown[], readonly Thing[]>()
  const texts = new WeakMap<UserError, string>()
  return {
    workerId: client.context.workerId,
    nodeId: client.context.nodeId,
    loadFunction: (functionId) => client.functions.load(functionId),
    openArguments({ args }) {
      const call = expected.get(args)
      expected.delete(args)
      return call ? open(call) : { values: [], settle: () => nothing }
    },
    prefetch: () => {}, // Ray has brought them
    encodeResult(_task, _index, value) {
      const { encoded, things } = client.codec.encode(value, 'value')
      const packed = client.link.large.pack(encoded)
      const bytes = packed.length > 0 ? Uint8Array.prototype.slice.call(packed, 0) : packed // an array of its own, to find its things by
      if (things.length > 0) inside.set(bytes, things)
      return { place: { kind: 'inline', bytes }, nested: [] }
    },
    encodeError(thrown) {
      const error = client.errors.encode(thrown)
      texts.set(error, textOf(thrown))
      return error
    },
    releaseResults: () => {}, // Python holds them when it has their message
    whenNothingOwned: () => undefined,
    cancelChildren: (taskId) => backend.cancelChildren(taskId),
    runInTask: (task, body) => taskScope.run(task, body),
    expect(call) {
      const [args = new Uint8Array()] = call.buffers
      expected.set(args, call)
      return args
    },
    thingsIn: (bytes) => inside.get(bytes) ?? [],
    textOf: (error) => texts.get(error) ?? error.classNames[0] ?? 'an error',
  }

  function open({ positions, buffers, things }: IncomingCall): OpenArguments | Promise<OpenArguments> {
    const decoded = buffers.map((bytes) => client.codec.decode(bytes, true))
    const fill = ([args, ...values]: unknown[]): OpenArguments => {
      const all = args as unknown[] // the SDK encodes arguments as an array
      for (const [index, value] of values.entries()) all[positions[index] ?? 0] = value
      held.set(all, things)
      return {
        values: all,
        settle() {
          held.delete(all)
          return nothing
        },
      }
    }
    return decoded.some((one) => one instanceof Promise) ? Promise.all(decoded).then(fill) : fill(decoded)
  }
}

/** For Ray's own lists and logs. Reading it may run code of the user. */
function textOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? (thrown.stack ?? String(thrown)) : String(thrown)
  } catch {
    return 'an error that cannot be read'
  }
}
