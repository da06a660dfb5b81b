import type { Socket } from 'node:net'

export type ConnectionLimits = {
  /** @default 2,048 */
  readonly max?: number
  /** @default 1,024: through one tunnel come many clients, all from one address */
  readonly maxPerAddress?: number
}

/**
 * Counts connections. When there are too many, the oldest that has not shown a token yet makes room, then the oldest that rests between
 * two requests: so a flood of strangers ends each other, and who has a token is served.
 */
export type Connections = {
  /** False: there is no room, as all of them are at work. The caller refuses it. */
  admit(socket: Socket): boolean
  /** A request with a token began; returns what to call at its end. */
  begin(socket: Socket): () => void
  readonly count: number
  closeAll(): void
}

type Known = { readonly address: string; requests: number }

export function createConnections({ max = 2_048, maxPerAddress = 1_024 }: ConnectionLimits = {}): Connections {
  const known = new Map<Socket, Known>()
  const perAddress = new Map<string, number>()
  /** Each in the order in which they got here. */
  const strangers = new Set<Socket>()
  const resting = new Set<Socket>()

  const forget = (socket: Socket) => {
    const entry = known.get(socket)
    if (entry === undefined) return
    known.delete(socket)
    strangers.delete(socket)
    resting.delete(socket)
    const left = (perAddress.get(entry.address) ?? 1) - 1
    if (left === 0) perAddress.delete(entry.address)
    else perAddress.set(entry.address, left)
  }
  const evict = (address: string | undefined): boolean => {
    for (const waiting of [strangers, resting]) {
      for (const socket of waiting) {
        if (address !== undefined && known.get(socket)?.address !== address) continue
        forget(socket)
        socket.destroy()
        return true
      }
    }
    return false
  }
  return {
    get count() {
      return known.size
    },
    admit(socket) {
      const address = socket.remoteAddress ?? ''
      if ((perAddress.get(address) ?? 0) >= maxPerAddress && !evict(address)) return false
      if (known.size >= max && !evict(undefined)) return false
      known.set(socket, { address, requests: 0 })
      perAddress.set(address, (perAddress.get(address) ?? 0) + 1)
      strangers.add(socket)
      socket.once('close', () => forget(socket))
      return true
    },
    begin(socket) {
      const entry = known.get(socket)
      if (entry === undefined) return () => {}
      entry.requests += 1
      strangers.delete(socket)
      resting.delete(socket)
      return () => {
        entry.requests -= 1
        if (entry.requests === 0 && known.has(socket)) resting.add(socket)
      }
    },
    closeAll() {
      for (const socket of known.keys()) socket.destroy()
    },
  }
}
