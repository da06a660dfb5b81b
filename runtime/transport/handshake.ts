import type { Duplex } from 'node:stream'
import { ClusterError, toError } from '../base/errors.ts'
import { FrameParser, maxHelloFrameBytes } from '../protocol/frame.ts'
import type { KeepaliveOptions } from './keepalive.ts'
import { createLink, type Link, type LinkOptions, type MessageOf, type MessageSchemas } from './link.ts'

/** How long a stranger may take to say who it is, and we to answer. */
export const handshakeTimeoutMs = 5_000

/** What the two ends choose for a link once the hello is done; the rest follows from the connection. */
export type LinkSetup<Schemas extends MessageSchemas> = Omit<LinkOptions<Schemas>, 'peer' | 'keepalive'> & {
  /** @default the address, and the node id where a certificate proves one */
  peer?: string | undefined
}

/**
 * Returns the payload of the first frame. Leaves the socket paused, with the bytes behind that frame put back.
 * @throws ClusterError `timeout`, `link.closed`, or `protocol.violation` for a frame over the limit for strangers.
 */
export function readFirstFrame(socket: Duplex, timeoutMs: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    let payload: Uint8Array | undefined
    const parser = new FrameParser(maxHelloFrameBytes, (source, start, end) => {
      payload = source.subarray(start, end)
      return false
    })
    const settle = (finish: () => void) => {
      clearTimeout(timer)
      socket.pause()
      socket.off('data', onData).off('end', onEnd).off('close', onEnd).off('error', onError)
      finish()
    }
    const onEnd = () => settle(() => reject(new ClusterError('link.closed', 'the peer closed the connection before its first frame')))
    const onError = (error: Error) =>
      settle(() =>
        reject(
          error instanceof ClusterError
            ? error
            : new ClusterError('link.closed', `the connection broke before the first frame: ${error.message}`, { cause: error }),
        ),
      )
    const onData = (chunk: Uint8Array) => {
      try {
        const rest = parser.push(chunk)
        const first = payload
        if (first === undefined) return
        settle(() => {
          if (rest !== undefined && rest.length > 0) socket.unshift(rest)
          resolve(first)
        })
      } catch (error) {
        settle(() => reject(toError(error)))
      }
    }
    const timer = setTimeout(
      () => settle(() => reject(new ClusterError('timeout', `no hello within ${timeoutMs} ms`, { details: { waitedMs: timeoutMs } }))),
      timeoutMs,
    )
    socket.on('data', onData).once('end', onEnd).once('close', onEnd).once('error', onError)
    socket.resume()
  })
}

/** Turns a greeted connection into a link. */
export function linkOver<Schemas extends MessageSchemas>(
  socket: Duplex,
  setup: LinkSetup<Schemas>,
  from: { peer: string; keepalive: KeepaliveOptions | undefined },
): Link<MessageOf<Schemas>> {
  return createLink(socket, { ...setup, peer: setup.peer ?? from.peer, keepalive: from.keepalive })
}

/** A socket between two owners has nobody who listens for its errors; its `close` tells the next one. */
export function ignoreErrors(socket: Duplex): void {
  socket.on('error', () => {}) // harmless: whoever gets the socket learns of it by `close` or `destroyed`
}
