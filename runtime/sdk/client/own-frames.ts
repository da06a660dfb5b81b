import { fileURLToPath } from 'node:url'
import type { ErrorRecord } from '../values/error-record.ts'

/** The folder all of our own code lies in: `runtime/` as source, the bundle's own folder when built. */
const ownFolder = new URL(import.meta.url.endsWith('.ts') ? '../../' : './', import.meta.url).href
const ownPath = fileURLToPath(ownFolder)
const isOurs = (frame: string): boolean =>
  frame.includes(ownFolder) || frame.includes(ownPath) || frame.includes('(node:internal/async_local_storage')
const isNodes = (frame: string): boolean => /\(?node:internal\//.test(frame)

/** A stack as its reader knows the program: without the frames of the runtime that called it, and Node's below the last frame of the program. */
export function withoutOwnFrames(stack: string): string {
  const lines = stack.split('\n')
  const first = lines.findIndex((line) => /^\s+at /.test(line))
  if (first < 0) return stack
  const frames = lines.slice(first).filter((line) => !isOurs(line))
  const last = frames.findLastIndex((line) => !isNodes(line))
  return [...lines.slice(0, first), ...frames.slice(0, last + 1)].join('\n')
}

/** An error with its causes, each without our frames. */
export function hideOwnFrames(record: ErrorRecord): ErrorRecord {
  return {
    ...record,
    stack: withoutOwnFrames(record.stack),
    ...(record.cause ? { cause: hideOwnFrames(record.cause) } : {}),
    ...(record.errors ? { errors: record.errors.map(hideOwnFrames) } : {}),
  }
}
