import { useRef, useState } from 'react'
import { type ExportFormat, exportWriter } from './export-text.ts'
import type { Column } from './table-types.ts'

export type ExportProgress = { readonly done: number; readonly total: number | undefined }
export type Exporting = {
  readonly progress: ExportProgress | undefined
  readonly error: unknown
  readonly cancel: () => void
  readonly forget: () => void
}

export type ExportOrder<Row> = {
  readonly name: string
  readonly format: ExportFormat
  readonly columns: readonly Column<Row>[]
  readonly total: number | undefined
  readonly parts: (signal: AbortSignal) => AsyncIterable<readonly Row[]>
}

/** Parts of this many letters are handed to the browser, which may put them on disk. */
const partLength = 4_000_000

/** Saves rows as a file, part by part. `start` resolves to the number of rows, or undefined when it was cancelled or failed. */
export function useExport<Row>(): Exporting & { start: (order: ExportOrder<Row>) => Promise<number | undefined> } {
  const [progress, setProgress] = useState<ExportProgress>()
  const [error, setError] = useState<unknown>()
  const running = useRef<AbortController>(undefined)
  const start = async (order: ExportOrder<Row>) => {
    running.current?.abort()
    const control = new AbortController()
    running.current = control
    setError(undefined)
    setProgress({ done: 0, total: order.total })
    try {
      const { file, count } = await collect(order, control.signal, (done) => setProgress({ done, total: order.total }))
      if (control.signal.aborted) return undefined
      download(file, `${order.name}.${order.format}`)
      return count
    } catch (failure) {
      if (!control.signal.aborted) setError(failure)
      return undefined
    } finally {
      if (running.current === control) setProgress(undefined)
    }
  }
  return { progress, error, start, cancel: () => cancel(running.current, setProgress), forget: () => setError(undefined) }
}

function cancel(control: AbortController | undefined, setProgress: (progress: undefined) => void): void {
  control?.abort()
  setProgress(undefined)
}

async function collect<Row>(
  { format, columns, parts }: ExportOrder<Row>,
  signal: AbortSignal,
  onProgress: (done: number) => void,
): Promise<{ file: Blob; count: number }> {
  const writer = exportWriter(format, columns)
  const type = format === 'csv' ? 'text/csv' : 'application/json'
  const blobs: Blob[] = []
  let text = writer.begin
  let count = 0
  for await (const rows of parts(signal)) {
    if (signal.aborted) break
    text += writer.rows(rows)
    count += rows.length
    onProgress(count)
    if (text.length > partLength) {
      blobs.push(new Blob([text]))
      text = ''
    }
  }
  return { file: new Blob([...blobs, text, writer.end], { type }), count }
}

function download(file: Blob, name: string): void {
  const url = URL.createObjectURL(file)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 60_000) // the browser reads it after the click
}

const rowsAtOnce = 5_000

/** Rows in hand, in parts, with room for the page to breathe between them. */
export async function* partsOf<Row>(rows: readonly Row[], signal: AbortSignal): AsyncGenerator<readonly Row[]> {
  for (let at = 0; at < rows.length && !signal.aborted; at += rowsAtOnce) {
    yield rows.slice(at, at + rowsAtOnce)
    await new Promise((resolve) => setTimeout(resolve))
  }
}
