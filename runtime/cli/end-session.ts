import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { isId } from '../base/ids.ts'
import { silentLogger } from '../base/logger.ts'
import { endJobLeftovers } from '../node/jobs/job-records.ts'
import { endLeftovers } from '../node/worker-pool.ts'
import { type SessionLayout, sessionLayout, userId } from '../session/layout.ts'
import { endProcess, isRunning, type ProcessRecord } from '../session/process-record.ts'
import { findRecord, findRunning, type NodeRecord } from '../session/session-records.ts'
import { forgetTempDir } from './known-temp-dirs.ts'

export type Ended = {
  readonly tempDir: string
  readonly role: 'head' | 'node'
  readonly pid: number
  /** `killed`: it did not end by itself within the grace. */
  readonly how: 'ended' | 'killed'
}

const pollMs = 20
const afterKillMs = 10_000

/**
 * Ends what runs in these folders, and only that: processes are known by pid and start time. Nodes before heads, so that they can take
 * their leave. Returns what was ended; what killed processes left behind is removed.
 */
export async function endSessions(tempDirs: readonly string[], graceMs: number): Promise<Ended[]> {
  const layouts = tempDirs.map(sessionLayout)
  const nodes = await Promise.all(
    layouts.map(({ tempDir, nodeRecord }) => endRecorded({ tempDir, role: 'node', path: nodeRecord }, graceMs)),
  )
  const heads = await Promise.all(
    layouts.map(({ tempDir, headRecord }) => endRecorded({ tempDir, role: 'head', path: headRecord }, graceMs)),
  )
  for (const layout of layouts) clearFolder(layout)
  return [...nodes, ...heads].flat()
}

/** What a process that was killed could not put away. Logs, certificates and what the head knows stay. */
function clearFolder(layout: SessionLayout): void {
  const { nodeRecord, headRecord, socketDir, spillDir, tempDir } = layout
  if (findRunning(nodeRecord) ?? findRunning(headRecord)) return // the kernel has not let go of it, or it was started anew
  endLeftovers(layout, silentLogger)
  endJobLeftovers(layout, silentLogger)
  const nodeId = findRecord<NodeRecord>(nodeRecord)?.nodeId
  if (nodeId !== undefined && isId('node', nodeId)) rmSync(storeDirectoryOf(nodeId), { recursive: true, force: true })
  for (const path of [nodeRecord, headRecord, socketDir, spillDir]) rmSync(path, { recursive: true, force: true })
  forgetTempDir(tempDir)
}

/** Where an agent puts its store. */
const storeDirectoryOf = (nodeId: string): string => join('/dev/shm', `shoal-${userId()}-${nodeId.slice(0, 24)}`)

async function endRecorded({ tempDir, role, path }: Pick<Ended, 'tempDir' | 'role'> & { path: string }, graceMs: number): Promise<Ended[]> {
  const record = findRunning<ProcessRecord>(path)
  if (!record) return []
  const { pid } = record
  endProcess(record, 'SIGTERM')
  if (await hasEnded(record, graceMs)) return [{ tempDir, role, pid, how: 'ended' }]
  endProcess(record, 'SIGKILL')
  await hasEnded(record, afterKillMs)
  return [{ tempDir, role, pid, how: 'killed' }]
}

/** Looks again and again: the kernel tells only a parent when a process ends. */
async function hasEnded(record: ProcessRecord, withinMs: number): Promise<boolean> {
  const untilMs = performance.now() + withinMs
  while (isRunning(record)) {
    if (performance.now() >= untilMs) return false
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
  return true
}
