// A served panel in a process of its own, and the ways to ask it.
import { spawn } from 'node:child_process'
import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { runtimeNode } from '#runtime/session/daemon.ts'
import { PanelClient, type PanelClientOptions } from '#src-main/web/panel-client.ts'
import type { WebLimits } from '#src-main/web/web-server.ts'
import { calls } from './test-table.ts'

export type Answer = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: string }
export type Ask = {
  readonly method?: string
  /** An undefined one is not sent. */
  readonly headers?: OutgoingHttpHeaders
  readonly body?: string
  readonly isUpgrade?: boolean
}

export type SessionHeaders = { readonly cookie: string; readonly 'x-shoal-page-key': string }

export type PanelWorld = {
  readonly pid: number
  readonly port: number
  readonly url: string
  readonly urlWithToken: string
  readonly token: string
  readonly readToken: string
  readonly origin: string
  readonly cookieName: string
  ask(path: string, ask?: Ask): Promise<Answer>
  /** Opens a browser session; both halves of it as its page sends them. */
  openSession(token?: string): Promise<SessionHeaders>
  client(options?: Partial<PanelClientOptions>): PanelClient<typeof calls>
  /** A bare connection. */
  connectRaw(): Socket
  /** Sends bytes as they are; all that came back until the end, or for `quietMs` after the last of it. */
  say(text: string, quietMs?: number): Promise<string>
  /** All that the panel has logged. */
  log(): string
  stop(): Promise<void>
}

const handshake = {
  upgrade: 'websocket',
  connection: 'Upgrade',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
}

export async function servePanel(options: { assets?: string; port?: number; limits?: WebLimits } = {}): Promise<PanelWorld> {
  const program = fileURLToPath(new URL('served-panel.ts', import.meta.url))
  const child = spawn(runtimeNode(), ['--no-warnings', program], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, SHOAL_TEST_PANEL: JSON.stringify(options) },
  })
  let log = ''
  child.stderr.on('data', (part: Buffer) => (log += part))
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const line = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).once('line', resolve)
    child.once('exit', () => reject(new Error(`the panel did not start: ${log}`)))
  })
  const { url, urlWithToken, token, readToken } = JSON.parse(line) as Pick<PanelWorld, 'url' | 'urlWithToken' | 'token' | 'readToken'> // written by served-panel.ts
  const port = Number(new URL(url).port)
  const clients = new Set<PanelClient<typeof calls>>()
  const sockets = new Set<Socket>()
  const connectRaw = () => {
    const socket = connect(port, '127.0.0.1')
    sockets.add(socket)
    socket.on('error', () => {}) // most of them are cut off
    return socket
  }
  return {
    ...{ pid: child.pid ?? 0, port, url, urlWithToken, token, readToken, origin: url, cookieName: `shoal-panel-${port}` },
    ask: (path, ask) => askPanel(port, path, ask),
    connectRaw,
    log: () => log,
    async openSession(shown = token) {
      const headers = { origin: url, 'content-type': 'application/json' }
      const answer = await askPanel(port, '/session', { method: 'POST', headers, body: JSON.stringify({ token: shown }) })
      const { pageKey = '' } = JSON.parse(answer.body) as { pageKey?: string } // as routes.ts writes it
      return { cookie: answer.headers['set-cookie']?.[0]?.split(';')[0] ?? '', 'x-shoal-page-key': pageKey }
    },
    client(more = {}) {
      const client = new PanelClient(calls, { url, token, ...more })
      clients.add(client)
      return client
    },
    say(text, quietMs = 1_000) {
      const socket = connectRaw()
      let said = ''
      return new Promise((resolve) => {
        const timer = setTimeout(() => socket.destroy(), quietMs)
        socket.setEncoding('latin1').on('data', (part: string) => {
          said += part
          timer.refresh()
        })
        socket.once('close', () => resolve(said))
        socket.write(text)
      })
    },
    async stop() {
      for (const client of clients) client.close()
      for (const socket of sockets) socket.destroy()
      child.stdin.end()
      const timer = setTimeout(() => child.kill('SIGKILL'), 5_000)
      await exited
      clearTimeout(timer)
    },
  }
}

function askPanel(port: number, path: string, { method = 'GET', headers = {}, body, isUpgrade = false }: Ask = {}): Promise<Answer> {
  const sent = Object.fromEntries(
    Object.entries({ ...(isUpgrade ? handshake : {}), ...headers }).filter(([, value]) => value !== undefined),
  )
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, method, headers: sent, agent: false })
    asked.once('error', reject)
    asked.once('upgrade', (upgraded, socket) => {
      socket.destroy()
      resolve({ status: 101, headers: upgraded.headers, body: '' })
    })
    asked.once('response', (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => (text += part))
      response.once('close', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }))
    })
    asked.end(body)
  })
}
