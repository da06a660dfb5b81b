import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Duplex } from 'node:stream'
import { encodeFrame, FrameParser, maxHelloFrameBytes } from '#runtime/protocol/frame.ts'
import { type Identity, joinerTlsOptions } from '#runtime/transport/identity.ts'

/** One port of the cluster, as a stranger sees it. */
export type Door = {
  readonly name: string
  /** Resolves with a connection that is ready for the first frame. */
  readonly open: () => Promise<Duplex>
  /** All that the process behind it has logged. */
  readonly log: () => string
}

export const openUnix = (path: string): Promise<Duplex> => ready(connect({ path }), 'connect')
export const openTcp = (hostPort: string): Promise<Duplex> => ready(connect(placeOf(hostPort)), 'connect')

/** Without `identity`: no certificate. Trusts any listener: what is tested is whether the listener trusts us. */
export const openTls = (hostPort: string, identity?: Identity): Promise<Duplex> =>
  ready(
    connectTls({ ...joinerTlsOptions(), ...placeOf(hostPort), ...(identity && { cert: identity.certPem, key: identity.keyPem }) }),
    'secureConnect',
  )

export function placeOf(hostPort: string): { host: string; port: number } {
  const colon = hostPort.lastIndexOf(':')
  return { host: hostPort.slice(0, colon), port: Number(hostPort.slice(colon + 1)) }
}

/** What a listener said before it closed. `hello` is its answer to a first frame, if it gave one that can be read. */
export type Visit = { readonly bytes: Uint8Array; readonly hello: { type?: string; code?: string; reason?: string } | undefined }

/** Sends bytes as they are, then nothing, and resolves when the listener has closed the connection. `stays`: our side is not ended. */
export async function visit(door: Door, bytes: Uint8Array, { stays = false }: { stays?: boolean } = {}): Promise<Visit> {
  const socket = await door.open()
  const chunks: Uint8Array[] = []
  socket.on('data', (chunk: Uint8Array) => chunks.push(chunk))
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  if (stays) socket.write(bytes)
  else socket.end(bytes)
  await closed
  const all = Buffer.concat(chunks)
  return { bytes: all, hello: firstFrame(all) }
}

/** Says hello and resolves with the connection once the listener has accepted. */
export async function greet(door: Door, hello: object): Promise<Duplex> {
  const socket = await door.open()
  const accepted = new Promise<void>((resolve, reject) => {
    socket.once('data', (chunk: Uint8Array) => {
      const answer = firstFrame(chunk)
      if (answer?.type === 'hello.accepted') resolve()
      else reject(new Error(`${door.name} refused: ${answer?.code} ${answer?.reason}`))
    })
    socket.once('close', () => reject(new Error(`${door.name} closed without an answer`)))
  })
  socket.write(helloFrame(hello))
  await accepted
  return socket
}

export const helloFrame = (hello: object): Uint8Array =>
  encodeFrame(new TextEncoder().encode(JSON.stringify({ type: 'hello', protocol: 1, version: 'test', ...hello })))

/** Resolves when the other side has closed. */
export function closedOf(socket: Duplex): Promise<void> {
  socket.resume()
  return new Promise((resolve) => {
    if (socket.destroyed) resolve()
    else socket.once('close', () => resolve())
  })
}

function firstFrame(bytes: Uint8Array): Visit['hello'] {
  let payload: Uint8Array | undefined
  try {
    const parser = new FrameParser(maxHelloFrameBytes, (source, start, end) => {
      payload = source.slice(start, end)
      return false
    })
    parser.push(bytes)
    const parsed: unknown = JSON.parse(new TextDecoder().decode(payload))
    return typeof parsed === 'object' && parsed !== null ? parsed : undefined
  } catch {
    return undefined // not a frame: such as an alert of TLS
  }
}

function ready(socket: Duplex, event: string): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    socket.on('error', () => {}) // resets are what a refusal looks like; `close` tells
    socket.once(event, () => resolve(socket))
    socket.once('close', () => reject(new Error('the connection closed before it was ready')))
  })
}
