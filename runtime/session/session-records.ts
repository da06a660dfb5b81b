import { readFileSync } from 'node:fs'
import { isRunning, type ProcessRecord } from './process-record.ts'

/** What the head leaves in `head.json` while it runs. */
export type HeadRecord = ProcessRecord & {
  readonly clusterId: string
  readonly address: string
  /** `host:port` of the HTTP API; empty without one. */
  readonly apiAddress: string
  readonly socketPath: string
  readonly startedAtMs: number
}
/** What an agent leaves in `node.json` while it runs. `headAddress` is `host:port`, or empty when only this machine can reach the head. */
export type NodeRecord = ProcessRecord & {
  readonly clusterId: string
  readonly nodeId: string
  readonly headAddress: string
  readonly agentAddress: string
  readonly socketPath: string
  readonly startedAtMs: number
}

/** The record at `path` when its process still runs. */
export function findRunning<R extends ProcessRecord>(path: string): R | undefined {
  const record = findRecord<R>(path)
  return record && isRunning(record) ? record : undefined
}

/** The record at `path`, whether its process runs or not. */
export function findRecord<R extends ProcessRecord>(path: string): R | undefined {
  try {
    const parsed: unknown = JSON.parse(readFileSync(path, 'utf8'))
    if (typeof parsed !== 'object' || parsed === null || !('pid' in parsed) || typeof parsed.pid !== 'number') return undefined
    return parsed as R // we wrote the file whole, into a folder that only this user may write
  } catch {
    return undefined // absent, or not ours
  }
}
