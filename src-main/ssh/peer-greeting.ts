import type { Readable } from 'node:stream'

/** What the other side said before anything was encrypted. */
export type PeerGreeting = {
  /** Bytes that came, up to the limit. */
  readonly text: string
  /** Its `SSH-2.0-…` line; undefined: none came. */
  readonly ident: string | undefined
  /** What it offers, each list in its order; undefined: that did not come. */
  readonly offer: { readonly kex: readonly string[]; readonly hostKeys: readonly string[]; readonly ciphers: readonly string[] } | undefined
}

const maxBytes = 16 * 1024

/** Listens in on the first bytes of a stream that somebody else reads. Call the result for what came so far. */
export function watchGreeting(stream: Readable): () => PeerGreeting {
  const chunks: Buffer[] = []
  let size = 0
  const onData = (chunk: Buffer) => {
    chunks.push(chunk)
    size += chunk.length
    if (size >= maxBytes) stream.off('data', onData)
  }
  stream.pause() // a listener alone would make the bytes flow before the reader is there
  stream.on('data', onData)
  return () => parseGreeting(Buffer.concat(chunks).subarray(0, maxBytes))
}

export function parseGreeting(bytes: Buffer): PeerGreeting {
  const text = bytes.toString('latin1')
  const found = /(?:^|\n)(SSH-[^\r\n]*)\r?\n/.exec(text)
  if (!found) return { text, ident: undefined, offer: undefined }
  return { text, ident: found[1], offer: parseOffer(bytes.subarray(found.index + found[0].length)) }
}

/** The first packet is the offer of algorithms, in the clear: length, padding length, kind 20, 16 random bytes, then lists. */
function parseOffer(packet: Buffer): PeerGreeting['offer'] {
  if (packet.length < 22 || packet[5] !== 20) return undefined
  const lists: string[][] = []
  let at = 22
  while (lists.length < 4) {
    if (at + 4 > packet.length) return undefined
    const length = packet.readUInt32BE(at)
    if (at + 4 + length > packet.length) return undefined
    lists.push(packet.toString('latin1', at + 4, at + 4 + length).split(','))
    at += 4 + length
  }
  const [kex = [], hostKeys = [], , ciphers = []] = lists
  return { kex, hostKeys, ciphers }
}
