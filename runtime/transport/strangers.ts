import type { Socket } from 'node:net'
import type { Logger } from '../base/logger.ts'

export type StrangerLimits = {
  logger: Logger
  /** Not yet accepted connections, in all. @default 128 */
  maxStrangers?: number | undefined
  /** The same for one remote host. @default 32 */
  maxStrangersPerAddress?: number | undefined
}

/** Connections that nobody has accepted yet, counted so that a flood of them cannot take the listener's memory or keep other hosts out. */
export type Strangers = {
  /** Counts a connection until it closes or is released, or destroys it with a log line when there are too many. `address` is unique. */
  admit(socket: Socket, address: string, host: string): boolean
  /** The connection was accepted, or is gone. May be called again. */
  release(address: string): void
  dropAll(): void
}

export function createStrangers({ logger, maxStrangers = 128, maxStrangersPerAddress = 32 }: StrangerLimits): Strangers {
  const known = new Map<string, { socket: Socket; host: string }>()
  const perHost = new Map<string, number>()
  const release = (address: string) => {
    const entry = known.get(address)
    if (entry === undefined) return
    known.delete(address)
    const left = (perHost.get(entry.host) ?? 1) - 1
    if (left === 0) perHost.delete(entry.host)
    else perHost.set(entry.host, left)
  }
  return {
    admit(socket, address, host) {
      const ofHost = perHost.get(host) ?? 0
      if (known.size >= maxStrangers || ofHost >= maxStrangersPerAddress) {
        logger.warn('link.refused', {
          peer: address,
          code: 'link.overloaded',
          reason: `${known.size} connections wait to be accepted, ${ofHost} of them from there`,
        })
        socket.destroy()
        return false
      }
      known.set(address, { socket, host })
      perHost.set(host, ofHost + 1)
      socket.once('close', () => release(address))
      return true
    },
    release,
    dropAll() {
      for (const { socket } of known.values()) socket.destroy()
    },
  }
}
