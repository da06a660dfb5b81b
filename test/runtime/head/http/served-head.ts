import { request, type IncomingHttpHeaders } from 'node:http'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { tokenFileOf } from '#runtime/session/api-tokens.ts'
import { aFolder, type HeadProcess, startHead } from '../head-process.ts'

export type Answer = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: string }

export type Ask = {
  readonly method?: string
  /** Undefined ones are left out; the full token is sent unless this says otherwise. */
  readonly headers?: Readonly<Record<string, string | undefined>>
  readonly body?: string
}

export type ServedHead = {
  readonly head: HeadProcess
  readonly url: string
  readonly host: string
  readonly port: number
  readonly token: string
  readonly readToken: string
  ask(path: string, ask?: Ask): Promise<Answer>
  /** A bare connection, closed with the test. */
  connect(): Socket
}

/** A real head with its HTTP API on a free port of loopback. */
export async function aServedHead(args: readonly string[] = [], folder: string = aFolder()): Promise<ServedHead> {
  const head = await startHead(folder, ['--dashboard-host', '127.0.0.1', '--dashboard-port', '0', ...args])
  const [host = '', port = ''] = String(head.facts['apiAddress']).split(':')
  const token = readFileSync(tokenFileOf(head.layout, 'full'), 'utf8').trim()
  const readToken = readFileSync(tokenFileOf(head.layout, 'read'), 'utf8').trim()
  const place = { host, port: Number(port) }
  return {
    ...{ head, ...place, token, readToken, url: `http://${host}:${port}` },
    ask: (path, ask) => askOver(place, path, { ...ask, headers: { authorization: `Bearer ${token}`, ...ask?.headers } }),
    connect: () => connectTo(place),
  }
}

export function connectTo(place: { host: string; port: number }): Socket {
  const socket = connect(place)
  socket.on('error', () => {}) // some are cut off on purpose
  onTestFinished(() => void socket.destroy())
  return socket
}

/** One request on a connection of its own. */
export function askOver(
  place: { host: string; port: number },
  path: string,
  { method = 'GET', headers = {}, body }: Ask = {},
): Promise<Answer> {
  const sent = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined))
  return new Promise((resolve, reject) => {
    const asked = request({ ...place, path, method, headers: sent, agent: false }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      answer.once('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: text }))
    })
    asked.once('error', reject)
    asked.end(body)
  })
}

/**
 * Whether the other side, on this machine, still holds a connection open. Of a socket that nobody reads Node says nothing, and its own
 * kernel does not know either: the goodbye waits behind bytes that find no room.
 */
export function isHeldOpenByServer({ localPort = 0 }: Socket): boolean {
  const port = `:${localPort.toString(16).toUpperCase().padStart(4, '0')}`
  const established = '01'
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .some(([, , remote, state]) => remote?.endsWith(port) === true && state === established)
}

/** Everything that comes on a bare connection until it closes. */
export function readToEnd(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk))
    socket.once('close', () => resolve(text))
    socket.resume()
  })
}
