import { once } from 'node:events'
import { WebSocket } from 'ws'
import { PanelMessage } from '#src-main/contract/socket-messages.ts'
import type { PanelProcess } from '#test/support/panel-process.ts'

type Piece = { readonly text: string; readonly isEnd: boolean; readonly failure: string | null }

/** Logs of jobs as a window of the panel follows them, piece by piece. */
export class FollowedLogs {
  readonly #socket: WebSocket
  readonly #followers = new Map<string, (piece: Piece) => void>()

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.on('error', () => {}) // told by `close`, as all of it
    socket.on('message', (data) => {
      const message = PanelMessage.parse(JSON.parse(String(data as Buffer)))
      if (!('batches' in message)) return
      for (const { topic, events, gap } of message.batches) {
        const follower = this.#followers.get(topic)
        if (gap) follower?.({ text: '', isEnd: true, failure: `the panel left out ${gap.lost ?? 'some'} pieces` })
        for (const event of events) follower?.(event as Piece) // of the contract's own topic
      }
    })
    socket.once('close', () => {
      for (const follower of this.#followers.values()) follower({ text: '', isEnd: true, failure: 'the panel closed the connection' })
    })
  }

  static async open(panel: PanelProcess): Promise<FollowedLogs> {
    const headers = { authorization: `Bearer ${panel.token}` }
    const socket = new WebSocket(`${panel.url.replace('http', 'ws')}/ws`, { headers, perMessageDeflate: false, maxPayload: 1 << 26 })
    const logs = new FollowedLogs(socket)
    await once(socket, 'open')
    return logs
  }

  /** Resolves at the end of the log. @throws Error why it broke off */
  follow(streamId: string, onText: (text: string) => void): Promise<void> {
    const topic = `job-log/${streamId}`
    return new Promise((resolve, reject) => {
      this.#followers.set(topic, ({ text, isEnd, failure }) => {
        onText(text)
        if (!isEnd) return
        this.#followers.delete(topic)
        this.#socket.send(JSON.stringify({ unsubscribe: topic }))
        if (failure === null) resolve()
        else reject(new Error(failure))
      })
      this.#socket.send(JSON.stringify({ subscribe: topic, since: 0 }))
    })
  }

  close(): void {
    this.#followers.clear()
    this.#socket.terminate()
  }
}
