import type { Logger } from '../base/logger.ts'
import { type MemoryUse, readMemoryUse } from './memory-use.ts'

export type MemoryMonitorIo = {
  readonly logger: Logger
  /** Share of the memory in use above which it is short. */
  readonly limit: number
  readonly everyMs: number
  readonly onShort: (use: MemoryUse) => void
}

/** Memory that stays short is logged again only after it was fine for this long. */
const logPauseMs = 10_000

/** Looks at the memory of the node, or of its container, until the returned function is called. */
export function watchMemory({ logger, limit, everyMs, onShort }: MemoryMonitorIo): () => void {
  let saidAtMs = Number.NEGATIVE_INFINITY
  const timer = setInterval(() => {
    const use = readMemoryUse()
    if (use.totalBytes === 0 || use.usedBytes < use.totalBytes * limit) return
    if (performance.now() - saidAtMs > logPauseMs) logger.warn('memory.short', { ...use, limit })
    saidAtMs = performance.now()
    onShort(use)
  }, everyMs)
  return () => clearInterval(timer)
}
