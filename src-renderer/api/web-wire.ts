import type { PanelMessage } from '../../src-main/contract/socket-messages.ts'
import { closeCodes, pageKeyHeader, pageKeyProtocol } from '../../src-main/contract/socket-protocol.ts'
import { loadAgain } from '../util/load-again.ts'
import type { OpenWire, WireEvents } from './wire.ts'

const keyName = 'shoal-page-key'
const retryMs = { first: 200, most: 5_000 } as const
/** The panel pings, which a page cannot see; a socket that opens neither way in so long is tried anew. */
const openTimeoutMs = 10_000

/** Takes the token out of the address, so that it is in no history, and gives it for a session. */
async function signIn(): Promise<void> {
  const token = new URLSearchParams(location.hash.slice(1)).get('token')
  if (token === null) return
  history.replaceState(null, '', location.pathname + location.search)
  const headers = { 'content-type': 'application/json' }
  const answer = await loadAgain(() => fetch('/session', { method: 'POST', headers, body: JSON.stringify({ token }) }))
  if (!answer.ok) return
  const { pageKey } = (await answer.json()) as { pageKey: string } // the panel's own answer
  localStorage.setItem(keyName, pageKey)
}

/** `away`: the panel does not answer now, which says nothing of the session. */
async function askSession(): Promise<'known' | 'refused' | 'away'> {
  try {
    const answer = await fetch('/session', { headers: { [pageKeyHeader]: localStorage.getItem(keyName) ?? '' } })
    const { ok, status } = answer
    await answer.arrayBuffer() // an answer that nobody reads keeps its connection
    return ok ? 'known' : status === 401 || status === 403 ? 'refused' : 'away'
  } catch {
    return 'away'
  }
}

/** A WebSocket that begins with the sign-in, comes back by itself, and asks whether the session still holds before it does. */
export const openWebWire: OpenWire = (events) => new WebWire(events)

class WebWire {
  readonly #events: WireEvents
  #socket: WebSocket | undefined
  #retries = 0
  #isClosed = false

  constructor(events: WireEvents) {
    this.#events = events
    const connect = () => this.#connect()
    signIn().then(connect, connect)
    window.addEventListener('online', () => this.#hurry())
  }

  send(message: object): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message))
  }

  close(): void {
    this.#isClosed = true
    this.#socket?.close()
  }

  #connect(): void {
    if (this.#isClosed) return
    const key = localStorage.getItem(keyName) ?? ''
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws'
    const socket = new WebSocket(`${scheme}://${location.host}/ws`, ['shoal', pageKeyProtocol + key])
    const timer = setTimeout(() => socket.close(), openTimeoutMs)
    this.#socket = socket
    socket.onopen = () => {
      clearTimeout(timer)
      this.#retries = 0
    }
    socket.onmessage = ({ data }) => this.#events.onMessage(JSON.parse(String(data)) as PanelMessage) // of the host that this page came from
    socket.onclose = ({ code }) => {
      clearTimeout(timer)
      this.#events.onLost()
      if (code === closeCodes.sessionEnded) return this.#events.onRefused('signed-out')
      const waitMs = Math.min(retryMs.most, retryMs.first * 2 ** this.#retries) * (0.5 + Math.random() / 2)
      this.#retries += 1
      setTimeout(() => void this.#reconnect(), waitMs)
    }
  }

  async #reconnect(): Promise<void> {
    if (this.#isClosed) return
    if ((await askSession()) === 'refused') this.#events.onRefused('signed-out')
    else this.#connect()
  }

  #hurry(): void {
    this.#retries = 0
    if (this.#socket?.readyState === WebSocket.CLOSED) this.#connect()
  }
}
