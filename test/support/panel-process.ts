import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { WebSocket } from 'ws'
import { runtimeNode } from '#runtime/session/daemon.ts'
import type { GivenInput, Method, Output } from '#src-main/contract/panel.ts'
import type { Question, QuestionAnswer } from '#src-main/contract/questions.ts'

const program = fileURLToPath(new URL('../../src-main/cli/main.ts', import.meta.url))

/** `shoal panel` as a person starts it. */
export type PanelProcess = {
  readonly pid: number
  readonly url: string
  readonly token: string
  readonly readToken: string
  /** All that it printed and logged, the address too. */
  readonly said: { stdout: string; stderr: string }
  /** Ends it with a signal; its exit code, or the signal. */
  end(signal: 'SIGINT' | 'SIGKILL'): Promise<number | string | null>
}

/** With a umask under which whatever forgets a mode is open to everybody. */
export async function startPanelProcess(options: { env: NodeJS.ProcessEnv; cwd: string }): Promise<PanelProcess> {
  const words = ['--no-warnings', program, 'panel', '--json', '--no-open']
  const child = spawn('/bin/sh', ['-c', 'umask 000; exec "$0" "$@"', runtimeNode(), ...words], {
    ...options,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (part: string) => (said.stdout += part))
  child.stderr.setEncoding('utf8').on('data', (part: string) => (said.stderr += part))
  const atExit = () => child.kill('SIGKILL')
  process.once('exit', atExit)
  child.once('exit', () => process.off('exit', atExit))
  while (!said.stdout.includes('\n')) {
    await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])
    if (child.exitCode !== null) throw new Error(`the panel ended with ${child.exitCode}: ${said.stderr}`)
  }
  const { url, urlWithToken, readToken } = JSON.parse(said.stdout) as { url: string; urlWithToken: string; readToken: string } // as panel.ts prints it
  const token = urlWithToken.split('=')[1] ?? ''
  return { pid: child.pid ?? 0, url, token, readToken, said, end: (signal) => endChild(child, signal) }
}

async function endChild(child: ChildProcess, signal: 'SIGINT' | 'SIGKILL'): Promise<number | string | null> {
  if (child.exitCode === null && child.signalCode === null) {
    const exited = once(child, 'exit')
    child.kill(signal)
    await exited
  }
  return child.exitCode ?? child.signalCode
}

type Failed = { readonly code: string; readonly message: string }
type Frame = { id?: number; ok?: boolean; output?: unknown; error?: Failed; batches?: { topic: string; events: unknown[] }[] }

/** A window of the panel that keeps every byte it was sent. */
export class RecordingClient {
  readonly frames: string[] = []
  /** Of topics that were followed. */
  readonly events: { topic: string; event: unknown }[] = []
  readonly #socket: WebSocket
  readonly #waiting = new Map<number, (frame: Frame) => void>()
  #last = 0

  private constructor(socket: WebSocket, answer: (question: Question) => QuestionAnswer) {
    this.#socket = socket
    socket.on('error', () => {}) // the panel is killed on purpose
    socket.on('message', (data) => {
      const text = String(data as Buffer)
      this.frames.push(text)
      const frame = JSON.parse(text) as Frame // as panel-socket.ts writes it
      if (frame.id !== undefined) this.#waiting.get(frame.id)?.(frame)
      for (const { topic, events } of frame.batches ?? [])
        for (const event of events) {
          this.events.push({ topic, event })
          const { value } = topic === 'questions' ? (event as { value: Question | null }) : { value: null } // of the contract
          if (value) void this.call('questions.answer', { questionId: value.id, answer: answer(value) }).catch(() => {}) // it was settled meanwhile
        }
    })
    socket.once('close', () => {
      for (const settle of this.#waiting.values()) settle({ ok: false, error: { code: 'link.closed', message: 'the panel has gone' } })
    })
  }

  static async open(panel: PanelProcess, answer: (question: Question) => QuestionAnswer): Promise<RecordingClient> {
    const headers = { authorization: `Bearer ${panel.token}` }
    const socket = new WebSocket(`${panel.url.replace('http', 'ws')}/ws`, { headers, perMessageDeflate: false, maxPayload: 1 << 26 })
    const client = new RecordingClient(socket, answer)
    await once(socket, 'open')
    return client
  }

  follow(...topics: readonly string[]): void {
    for (const topic of topics) this.send(JSON.stringify({ subscribe: topic, ...(topic.includes('/') ? { since: 0 } : {}) }))
  }

  /** As it is, whatever it is. */
  send(text: string): void {
    this.#socket.send(text)
  }

  async call<M extends Method>(method: M, input: GivenInput<M>): Promise<Output<M>> {
    const { ok, output, error } = await this.#ask(method, input)
    if (ok !== true) throw new Error(`${method}: ${error?.code}: ${error?.message}`)
    return output as Output<M> // of that very method
  }

  /** The error of a call that should fail; its input need not be what the contract says. */
  async refused(method: Method, input: unknown): Promise<Failed> {
    const { ok, error } = await this.#ask(method, input)
    if (ok === true || !error) throw new Error(`${method} was not refused`)
    return error
  }

  close(): void {
    this.#socket.terminate()
  }

  #ask(method: string, input: unknown): Promise<Frame> {
    return new Promise((resolve) => {
      const id = ++this.#last
      this.#waiting.set(id, (frame) => {
        this.#waiting.delete(id)
        resolve(frame)
      })
      this.send(JSON.stringify({ id, method, input }))
    })
  }
}
