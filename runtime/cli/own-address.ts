import { createSocket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'

/** Where a node listens, and why there. */
export type OwnAddress = { readonly host: string; readonly why: string }

/** An address that belongs to nobody (RFC 5737): the way to it is the default route. Nothing is sent there. */
const nowhere = { host: '198.51.100.1', port: 9 }

/** `given`, else the address of the default route's interface, else loopback. */
export async function chooseHeadAddress(given: string | undefined): Promise<OwnAddress> {
  if (given !== undefined) return { host: given, why: 'as asked by --node-ip-address' }
  const host = await findSourceAddress(nowhere)
  if (host === undefined)
    return { host: '127.0.0.1', why: 'no default route: only this machine can join; --node-ip-address IP changes that' }
  return { host, why: `the address of ${interfaceOf(host)}, where the default route leads` }
}

/** `given`, else the address from which this machine reaches the head. */
export async function chooseNodeAddress(given: string | undefined, head: { host: string; port: number }): Promise<OwnAddress> {
  if (given !== undefined) return { host: given, why: 'as asked by --node-ip-address' }
  const host = await findSourceAddress(head)
  if (host === undefined) return chooseHeadAddress(undefined)
  return { host, why: `the address of ${interfaceOf(host)}, which leads to the head` }
}

/** The address that the kernel would send from: connecting a datagram socket asks it and sends nothing. */
function findSourceAddress({ host, port }: { host: string; port: number }): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4')
    const settle = (address: string | undefined) => {
      socket.close()
      resolve(address)
    }
    socket.once('error', () => settle(undefined)) // no way there
    socket.connect(port, host, (error?: Error) => settle(error ? undefined : socket.address().address))
  })
}

function interfaceOf(host: string): string {
  const found = Object.entries(networkInterfaces()).find(([, addresses]) => addresses?.some(({ address }) => address === host))
  return found?.[0] ?? 'an interface'
}
