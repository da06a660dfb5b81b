import { chromeTrace } from '../../ui/timeline/chrome-trace.ts'
import type { TimelineStore } from '../../ui/timeline/timeline-store.ts'
import type { TimeSpan } from '../../ui/timeline/view-window.ts'

/** What the timeline shows, or a span of it, as a file that trace viewers open. */
export async function saveTrace(store: TimelineStore, span: TimeSpan | null): Promise<void> {
  const parts: string[] = []
  for await (const part of chromeTrace(store, { nowMs: Date.now(), ...(span !== null && { span }) })) parts.push(part)
  const url = URL.createObjectURL(new Blob(parts, { type: 'application/json' }))
  const link = document.createElement('a')
  link.href = url
  link.download = 'shoal-timeline.json'
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 60_000) // by then the browser has it
}
