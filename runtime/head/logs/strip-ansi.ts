// oxlint-disable-next-line no-control-regex -- the escape character is what it is to find
const sequence = /\u001b\[[0-?]*[ -/]*[@-~]/g
// oxlint-disable-next-line no-control-regex -- as above
const begunSequence = /\u001b(\[[0-?]{0,64}[ -/]{0,8})?$/

/** Takes the colours and cursor movements of terminals out of bytes, also where one is split over chunks. */
export async function* stripAnsi(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  let begun = ''
  for await (const chunk of chunks) {
    const text = begun + Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1') // one letter for each byte
    const at = begunSequence.exec(text)?.index ?? text.length
    begun = text.slice(at)
    const clean = text.slice(0, at).replace(sequence, '')
    if (clean !== '') yield Buffer.from(clean, 'latin1')
  }
  if (begun !== '') yield Buffer.from(begun, 'latin1')
}
