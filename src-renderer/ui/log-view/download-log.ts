import { stripEscapes } from './escape-sequences.ts'
import type { LogSearch } from './log-search.ts'
import type { LogStore } from './log-store.ts'
import type { LogViewState } from './log-view-state.ts'

/** Saves the lines that are shown, as plain text with the columns that are shown. The page goes on while the text is made. */
export async function downloadShown(name: string, { store, search, state }: { store: LogStore; search: LogSearch; state: LogViewState }) {
  const parts: string[] = []
  let lines: string[] = []
  let sliceFromMs = performance.now()
  for (const id of shownIds(store, search)) {
    lines.push(textOfLine(store, { id, state }))
    if (performance.now() - sliceFromMs < sliceMs) continue
    parts.push(lines.join(''))
    lines = []
    await new Promise((resolve) => setTimeout(resolve))
    sliceFromMs = performance.now()
  }
  save(name, new Blob([...parts, lines.join('')], { type: 'text/plain;charset=utf-8' }))
}

const sliceMs = 8

/** As they are now: what comes meanwhile is left out, and what goes is not waited for. */
function* shownIds(store: LogStore, search: LogSearch): Generator<number> {
  const end = store.endId
  let id = store.firstId
  while (id < end) {
    const row = search.rowOfId(Math.max(id, store.firstId))
    if (row >= search.rowCount) return
    const shown = search.idOfRow(row)
    if (shown >= end) return
    yield shown
    id = shown + 1
  }
}

function textOfLine(store: LogStore, { id, state }: { id: number; state: LogViewState }): string {
  const { text, notice, atMs, source } = store.lineAt(id)
  if (notice !== null) return ''
  const time = state.times === 'off' ? '' : `${atMs === null ? '-' : new Date(atMs).toISOString()} `
  return `${time}${store.sources.length > 1 ? `[${source.label}] ` : ''}${stripEscapes(text)}\n`
}

function save(name: string, blob: Blob): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(blob)
  link.download = `${name.replace(/[^\p{L}\p{N}._-]+/gu, '-')}.log`
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000) // the browser may only begin to read it now
}
