import { once } from 'node:events'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'

/** A connection to a port of this machine, in place of a channel of SSH. */
export async function directTunnel(port: number): Promise<Duplex> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  return socket
}

export const portOf = (url: string): number => Number(new URL(url).port)
