import { ClusterError, toError } from '../../runtime/base/errors.ts'
import type { Logger } from '../../runtime/base/logger.ts'

/**
 * From now on a fault that nobody caught ends this process with exit code 1, after one line in the log and after `letGo`, which must not
 * wait for anything. Returns what takes it back.
 *
 * The line tells where it happened. Of errors that are not ours the message stays out: nobody knows what stands in it. Node would print
 * it, with all that hangs on the error, and write a report with the environment where it was told to.
 */
export function endOnCrash({ logger, letGo }: { logger: Logger; letGo: () => void }): () => void {
  const { report } = process
  const reported = report.reportOnUncaughtException
  report.reportOnUncaughtException = false
  const end = (thrown: unknown) => {
    try {
      logger.error('panel.crashed', describeCrash(thrown))
      letGo()
    } finally {
      process.exit(1)
    }
  }
  process.on('uncaughtException', end) // rejections that nobody handles end up here too
  return () => {
    process.off('uncaughtException', end)
    report.reportOnUncaughtException = reported
  }
}

const shownFrames = 12
/** A place in a file, with the name of its function. What a message says never looks like that by chance. */
const frame = /^ {4}at (?:[\w$.#<>[\] ]{1,100} \()?((?:file:\/\/|node:|\/)[^()\s]{1,500}:\d+:\d+)\)?$/

/** Such as `TypeError` at `run (file:///…/dispatch.ts:94:7)`. */
export function describeCrash(thrown: unknown): Readonly<Record<string, string>> {
  const error = toError(thrown)
  const { name, stack = '', message } = error
  const lines = stack.split('\n').slice(message.split('\n').length) // behind the message, which may have lines like ours
  const at = lines.filter((line) => frame.test(line)).slice(0, shownFrames)
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  return {
    name: thrown instanceof Error ? name.slice(0, 100) : `thrown: ${typeof thrown}`,
    ...(/^[\w.-]{1,50}$/.test(code) ? { code } : {}),
    ...(error instanceof ClusterError ? { reason: message } : {}),
    at: thrown instanceof Error ? at.map((line) => line.trim().slice(3)).join(' | ') : '',
  }
}
