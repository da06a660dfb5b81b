import { rmSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { SessionLayout } from '../session/layout.ts'
import { findRunning, type HeadRecord } from '../session/session-records.ts'

const headLeavesWithinMs = 3_000
const lookEveryMs = 20

/** Removes all of a session that nobody will come back to, once its head, which ends at the same time, has written its last. */
export async function removeSessionFiles(layout: SessionLayout): Promise<void> {
  for (let waitedMs = 0; waitedMs < headLeavesWithinMs && findRunning<HeadRecord>(layout.headRecord); waitedMs += lookEveryMs)
    await delay(lookEveryMs)
  for (const folder of [layout.tempDir, layout.socketDir]) rmSync(folder, { recursive: true, force: true })
}
