import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { createLogger } from '#runtime/base/logger.ts'
import { History, type HistoryOptions } from '#src-main/cluster/history/history.ts'

export const clusterId = 'c-0123456789ab'

export type TestHistory = { readonly history: History; readonly folder: string; readonly logged: string[] }

export function aHistoryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-history-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Closed with the test. */
export function aHistory(more: Partial<HistoryOptions> = {}): TestHistory {
  const folder = more.folder ?? aHistoryFolder()
  const logged: string[] = []
  const history = new History({ logger: createLogger('history', (line) => void logged.push(line)), ...more, folder })
  onTestFinished(() => history.close())
  return { history, folder, logged }
}
