import { ClusterError } from '../base/errors.ts'
import { logPathOf } from '../session/start-daemon.ts'
import { sessionLayout } from '../session/layout.ts'
import { isRunning } from '../session/process-record.ts'
import { findRecord, findRunning, type HeadRecord, type NodeRecord } from '../session/session-records.ts'
import { tempDirFlag } from './temp-dir.ts'

/** @throws ClusterError `head.unavailable` when the head of this folder was killed and its node waits for it, in vain */
export function refuseEndedHead(tempDir: string): void {
  const layout = sessionLayout(tempDir)
  const head = findRecord<HeadRecord>(layout.headRecord)
  const node = findRunning<NodeRecord>(layout.nodeRecord)
  if (!head || !node || isRunning(head)) return
  const flag = tempDirFlag(tempDir)
  throw new ClusterError(
    'head.unavailable',
    `the head in ${tempDir} (pid ${head.pid}) has ended, and its node waits for it. "shoal stop${flag}" and "shoal start --head${flag}" bring it back with what it knew; its log is ${logPathOf(layout, 'head')}`,
    { details: { pid: head.pid, tempDir } },
  )
}
