import { join } from 'node:path'
import type { ServiceParts } from '../services.ts'
import { LogCopies } from './log-copies.ts'
import { LogService } from './log-service.ts'

/** Opens the logs of all nodes, and begins to keep copies of what they write. */
export function openLogs({ head, layout, logger }: ServiceParts): { readonly logs: LogService; readonly close: () => void } {
  const copies = new LogCopies({ path: join(layout.headDir, 'log-copies'), logger })
  head.onLogsPush = (push) => copies.take(push)
  return { logs: new LogService({ head, copies }), close: () => copies.close() }
}
