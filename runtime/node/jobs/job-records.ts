import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { toError } from '../../base/errors.ts'
import type { Logger } from '../../base/logger.ts'
import type { SessionLayout } from '../../session/layout.ts'
import { writeFileAtomic } from '../../session/process-record.ts'
import { killTreeNow, type ProcessTree } from './process-tree.ts'

const recordOf = (layout: SessionLayout): string => join(layout.nodeDir, 'jobs.json')

/** Writes down which jobs run, so that a next agent can end what a killed one left. */
export function saveJobRecords(layout: SessionLayout, trees: readonly ProcessTree[], logger: Logger): void {
  try {
    writeFileAtomic(recordOf(layout), JSON.stringify(trees))
  } catch (error) {
    logger.warn('job.record-failed', { reason: toError(error).message }) // a full disk: the guard is there too
  }
}

export const removeJobRecords = (layout: SessionLayout): void => rmSync(recordOf(layout), { force: true })

/** Ends what is left of the jobs of a killed agent of this folder. */
export function endJobLeftovers(layout: SessionLayout, logger: Logger): void {
  let trees: unknown
  try {
    trees = JSON.parse(readFileSync(recordOf(layout), 'utf8'))
  } catch {
    return // none
  }
  for (const tree of Array.isArray(trees) ? (trees as ProcessTree[]) : []) {
    // our own file, in a folder that only this user may write
    if (typeof tree?.mark !== 'string' || tree.mark.length < 16 || typeof tree.root?.pid !== 'number') continue
    const count = killTreeNow(tree)
    if (count > 0) logger.warn('job.leftovers-ended', { pid: tree.root.pid, count })
  }
  removeJobRecords(layout)
}
