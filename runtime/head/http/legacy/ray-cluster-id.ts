import { createHash } from 'node:crypto'

/** Our cluster's id in Ray's length, 28 bytes as hex: clients send it back with every gRPC call. */
export const rayClusterId = (clusterId: string): string => createHash('sha256').update(clusterId).digest('hex').slice(0, 56)
