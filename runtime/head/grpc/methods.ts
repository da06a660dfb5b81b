import { rayClusterId } from '../http/legacy/ray-cluster-id.ts'
import { loadReport } from '../http/legacy/load-report.ts'
import type { HttpParts } from '../http/parts.ts'
import { bytesField, numberField, readFields } from './codec.ts'

/** Takes the request's message, returns the answer's. */
export type Method = (message: Uint8Array) => Uint8Array

/** Of Ray's `StatusCode`: there is no such key. */
const notFoundCode = 17

const emptyStatus = bytesField(1, new Uint8Array())
const textOf = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('utf8')

/**
 * The two methods that `ray status`, `ray logs` and `ray list` with HOST:PORT need, of the many that Ray's control service has.
 * (Ray: src/ray/protobuf/gcs_service.proto)
 */
export function createMethods(parts: HttpParts): ReadonlyMap<string, Method> {
  const clusterId = Buffer.from(rayClusterId(parts.clusterId), 'hex')
  return new Map<string, Method>([
    ['/ray.rpc.NodeInfoGcsService/GetClusterId', () => Buffer.concat([emptyStatus, bytesField(2, clusterId)])],
    [
      '/ray.rpc.InternalKVGcsService/InternalKVGet',
      (message) => {
        const fields = readFields(message)
        const key = textOf(fields.get(1))
        const value = findValue(parts, textOf(fields.get(2)), key)
        if (value !== undefined) return Buffer.concat([emptyStatus, bytesField(2, Buffer.from(value))])
        const status = Buffer.concat([numberField(1, notFoundCode), bytesField(2, Buffer.from('no such key'))])
        return bytesField(1, status)
      },
    ],
  ])
}

/** Ray keeps these in a key-value store of its own; ours, which programs use, is another and is not reached from here. */
function findValue({ head, clock, apiAddress }: HttpParts, namespace: string, key: string): string | undefined {
  switch (`${namespace}/${key}`) {
    case 'dashboard/dashboard':
      return apiAddress()
    case 'cluster/CLUSTER_METADATA':
      return '{}' // a version in it would have to be the client's, to the letter
    case '/__autoscaling_status':
      return JSON.stringify(loadReport(head.state, clock.nowMs()))
    case '__autoscaler/__autoscaler_v2_enabled':
      return '0'
    default:
      return undefined
  }
}
