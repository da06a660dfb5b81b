import { ClusterError } from '../../base/errors.ts'
import type { UserError } from '../../protocol/tasks.ts'
import { errorFromFailure, TaskError, taskErrorFrom } from '../errors.ts'
import { decodeValue } from '../values/decode-value.ts'
import { encodeValue } from '../values/encode-value.ts'
import { encodeError, type ErrorRecord, rebuildError } from '../values/error-record.ts'
import { noFunctionGraphs } from '../values/function-graphs.ts'
import { noHostObjects } from '../values/host-objects.ts'
import type { Codec } from './codec.ts'
import { hideOwnFrames } from './own-frames.ts'
import type { RefState } from './ref-state.ts'

export type ErrorCodec = {
  encode(thrown: unknown): UserError
  /** What `get` throws for an object that failed. */
  toThrow(state: Pick<RefState, 'failure' | 'objectId'>): Promise<Error>
}

const plain = { hosts: noHostObjects, functions: noFunctionGraphs }

export function createErrorCodec(codec: Pick<Codec, 'hosts' | 'functions'>): ErrorCodec {
  const decode = (error: UserError): Promise<Error> => {
    const record = decodeValue(error.bytes, { ...plain, shared: false }) as ErrorRecord // encoded by `encode` below, in a process of this cluster
    return rebuildError(record, codec)
  }
  return {
    encode(thrown) {
      const error = originalOf(thrown)
      const record = hideOwnFrames(encodeError(error, codec.functions))
      return { bytes: encodeValue(record, plain).toBytes(), classNames: classNamesOf(error) }
    },
    async toThrow({ failure, objectId }) {
      if (!failure) return new ClusterError('internal', `object ${objectId} failed without a reason`)
      if (failure.kind === 'failed') return errorFromFailure(failure.failure, failure.cause && (await decode(failure.cause)))
      return taskErrorFrom(await decode(failure.error), failure.origin)
    },
  }
}

/** An error that came out of a `get` inside the task goes on as what it was: its own reader wraps it again. */
const originalOf = (thrown: unknown): unknown => (thrown instanceof TaskError && thrown.cause !== undefined ? thrown.cause : thrown)

/** Class names of what was thrown, its own first: retry rules name classes, as classes themselves stay in their process. */
function classNamesOf(thrown: unknown): string[] {
  const names: string[] = []
  for (
    let prototype: unknown = thrown;
    typeof prototype === 'object' && prototype !== null && names.length < 16;
    prototype = Object.getPrototypeOf(prototype)
  ) {
    const { constructor } = prototype
    if (typeof constructor === 'function' && constructor.name && names.at(-1) !== constructor.name)
      names.push(constructor.name.slice(0, 256))
  }
  return names
}
