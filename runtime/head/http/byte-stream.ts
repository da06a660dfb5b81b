/** A body that is made as it is read. A failure on the way breaks the transfer off, so that it does not look like the end. */
export function byteStream(bytes: AsyncGenerator<Uint8Array, void>, stop: AbortController): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await bytes.next()
      if (done === true) controller.close()
      else controller.enqueue(value)
    },
    async cancel() {
      stop.abort()
      await bytes.return()
    },
  })
}
