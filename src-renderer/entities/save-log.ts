import { panel } from '../api/panel.ts'

type Place =
  | { readonly cluster: string; readonly job: string }
  | { readonly cluster: string; readonly nodeId: string; readonly file: string }

const pieceBytes = 4 * 1024 * 1024

/** The whole log as a file of the browser, however long it is: it is read piece by piece. `onBytes`: how much is there so far. */
export async function saveWholeLog(place: Place, name: string, onBytes: (bytes: number) => void): Promise<void> {
  const parts: Uint8Array<ArrayBuffer>[] = []
  let offset = 0
  let read = 0
  for (;;) {
    const piece = await panel.call('logs.readChunk', { ...place, offset, maxBytes: pieceBytes })
    const bytes = Uint8Array.from(atob(piece.data), (character) => character.codePointAt(0) ?? 0)
    parts.push(bytes)
    read += bytes.length
    onBytes(read)
    offset = piece.next
    if (piece.isEnd) break
  }
  const url = URL.createObjectURL(new Blob(parts, { type: 'text/plain' }))
  const link = document.createElement('a')
  link.href = url
  link.download = name.replaceAll(/[^\w.-]+/g, '_')
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 60_000) // by then the browser has it
}
