import { fstatSync } from 'node:fs'

/** Where the next byte of this process' output will stand in its files. */
export type OutputCounter = { readonly stdoutBytes: number; readonly stderrBytes: number }

type Writable = { write: (...args: never[]) => boolean }

/**
 * Counts what is written to standard output and standard error from here on, so that a task's part of the files can be told. What native
 * code or a child process writes by itself is not seen.
 */
export function countOutput(streams: { readonly stdout: Writable; readonly stderr: Writable }): OutputCounter {
  const counter = { stdoutBytes: sizeOf(1), stderrBytes: sizeOf(2) }
  count(streams.stdout, (bytes) => {
    counter.stdoutBytes += bytes
  })
  count(streams.stderr, (bytes) => {
    counter.stderrBytes += bytes
  })
  return counter
}

function count(stream: Writable, add: (bytes: number) => void): void {
  const write = stream.write.bind(stream) as (...args: unknown[]) => boolean // handed on as it came
  const counted = (...args: unknown[]): boolean => {
    const [chunk, encoding] = args
    if (typeof chunk === 'string')
      add(Buffer.byteLength(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8')) // what a stream takes
    else if (chunk instanceof Uint8Array) add(chunk.byteLength)
    return write(...args)
  }
  stream.write = counted as Writable['write']
}

function sizeOf(fd: number): number {
  try {
    const found = fstatSync(fd)
    return found.isFile() ? found.size : 0
  } catch {
    return 0 // closed: nothing is written either
  }
}
