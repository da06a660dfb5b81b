import { ClusterError } from '../../base/errors.ts'
import { ByteReader, Malformed } from './byte-reader.ts'
import { codecs, flagRepeats, formatVersion, headerBytes, magic } from './format.ts'
import type { FunctionGraphs } from './function-graphs.ts'
import type { HostObjects } from './host-objects.ts'
import { ReaderFailed, ValueReader } from './value-reader.ts'

export type DecodeOptions = {
  readonly hosts: HostObjects
  readonly functions: FunctionGraphs
  /**
   * True: `bytes` is mapped store memory that stays valid, and large arrays become views on it. False: they are copied out,
   * as `bytes` may be a reused network chunk. A whole ArrayBuffer is a copy in both cases.
   */
  readonly shared: boolean
}

/**
 * The value whose bytes `encodeValue` made; bytes behind it are ignored. A promise only when the value holds functions
 * that need modules. (A value itself is never a promise: those cannot be sent.)
 *
 * @throws ClusterError `protocol.violation`, or `store.corrupt` when shared, for bytes that no encoder wrote.
 * @throws ClusterError `value.not-serializable` for what this version of Node, or this place, cannot hold.
 */
export function decodeValue(bytes: Uint8Array, options: DecodeOptions): unknown {
  const graph = readTagged(bytes, options)
  return bytes[2] === codecs.graph ? rebuildGraph(graph, options) : graph
}

function readTagged(bytes: Uint8Array, { hosts, shared }: DecodeOptions): unknown {
  try {
    const reader = new ValueReader(openBody(bytes), { hosts, shared, repeats: ((bytes[3] ?? 0) & flagRepeats) !== 0 })
    const value = reader.value()
    if (reader.in.position !== reader.in.end) throw new Malformed(`${reader.in.end - reader.in.position} bytes left over`)
    return value
  } catch (error) {
    if (error instanceof ClusterError) throw error
    if (error instanceof ReaderFailed) {
      if (error.cause instanceof ClusterError) throw error.cause
      throw new ClusterError('value.not-serializable', error.message, { cause: error.cause })
    }
    throw malformed(error, { bytes, shared })
  }
}

function openBody(bytes: Uint8Array): ByteReader {
  if (bytes.length < headerBytes) throw new Malformed(`shorter than a header`)
  if (bytes[0] !== magic) throw new Malformed(`starts with byte ${bytes[0]}, not ${magic}`)
  if (bytes[1] !== formatVersion)
    throw new Malformed(`written in format ${bytes[1]}, and this process reads ${formatVersion}; run one version everywhere`)
  if (bytes[2] !== codecs.tagged && bytes[2] !== codecs.graph) throw new Malformed(`codec ${bytes[2]} is unknown`)
  const bodyBytes = new ByteReader(bytes, 4, headerBytes).int32() >>> 0
  if (bodyBytes > bytes.length - headerBytes) throw new Malformed(`a body of ${bodyBytes} bytes`)
  return new ByteReader(bytes, headerBytes, headerBytes + bodyBytes)
}

function rebuildGraph(graph: unknown, { hosts, functions, shared }: DecodeOptions): unknown {
  if (!(graph instanceof Uint8Array)) throw malformed(new Malformed('a graph that is not bytes'), { bytes: new Uint8Array(), shared })
  return functions.rebuild(graph, hosts)
}

function malformed(error: unknown, { bytes, shared }: { bytes: Uint8Array; shared: boolean }): ClusterError {
  const reason = error instanceof Error ? error.message : String(error)
  const [code, place, advice] = shared
    ? (['store.corrupt', 'in the object store', 'free the object and compute it again'] as const)
    : (['protocol.violation', 'from a peer', 'check that every process runs the same version'] as const)
  return new ClusterError(code, `a value of ${bytes.length} bytes ${place} cannot be read: ${reason}; ${advice}`, {
    details: { sizeBytes: bytes.length },
    cause: error,
  })
}
