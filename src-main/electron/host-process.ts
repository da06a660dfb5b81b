import { type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import * as z from 'zod'
import type { Logger } from '../../runtime/base/logger.ts'
import { afterEnd, type HostEnd } from './core/restart-policy.ts'

/** Where the panel answers. The token never leaves this process but in the head of a request to that address. */
export type Endpoint = { readonly url: string; readonly token: string }

export type HostState =
  | { readonly kind: 'starting' }
  /** `isOurs` false: it was started by somebody else and goes on without us. */
  | { readonly kind: 'ready'; readonly endpoint: Endpoint; readonly isOurs: boolean }
  /** It will not be tried again until `start` is called. */
  | { readonly kind: 'failed'; readonly end: HostEnd }
  | { readonly kind: 'ended' }

export type HostProcessOptions = {
  /** Node 24: the host keeps its history in `node:sqlite`. */
  readonly node: string
  /** The panel's command line. */
  readonly program: string
  readonly env: NodeJS.ProcessEnv
  readonly onState: (state: HostState) => void
  /** Each line that it logs. */
  readonly onLog: (line: string) => void
  readonly logger: Logger
}

const FirstLine = z.union([
  z.object({
    url: z.url({ protocol: /^http$/, hostname: /^(127\.0\.0\.1|\[::1\])$/ }),
    urlWithToken: z.string().regex(/#token=[0-9a-f]{64}$/),
    pid: z.int().min(1),
  }),
  z.object({ error: z.object({ code: z.string(), message: z.string() }) }),
])

type Child = ChildProcessByStdio<Writable, Readable, Readable>

const startTimeoutMs = 60_000
/** For its goodbye: it saves what runs and lets go of machines. */
const endTimeoutMs = 10_000
/** Until what it wrote before it died is read. */
const lastWordsMs = 300
const maxLineLength = 64 * 1024
const keptLogLength = 8 * 1024

/**
 * The panel's host as a child process, or one that runs already. It is started again when it dies, until that does not help. It ends with us
 * however we end: its standard input is a pipe of ours.
 */
export class HostProcess {
  readonly #options: HostProcessOptions
  #state: HostState = { kind: 'ended' }
  #child: Child | undefined
  #ends: HostEnd[] = []
  #timer: NodeJS.Timeout | undefined
  #isEnding = false

  constructor(options: HostProcessOptions) {
    this.#options = options
  }

  get state(): HostState {
    return this.#state
  }

  /** Begins, or begins anew after it failed. */
  start(): void {
    if (this.#isEnding || this.#state.kind === 'starting' || (this.#state.kind === 'ready' && this.#state.isOurs)) return
    this.#ends = []
    this.#launch()
  }

  /** The connection to a panel that is not ours was lost: looks for it again, and starts one when there is none. */
  findAgain(): void {
    if (this.#isEnding || this.#state.kind !== 'ready' || this.#state.isOurs) return
    this.#launch()
  }

  /** Resolves when it is gone. */
  async end(): Promise<void> {
    this.#isEnding = true
    clearTimeout(this.#timer)
    const child = this.#child
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
      child.stdin.end()
      const late = setTimeout(() => child.kill('SIGKILL'), endTimeoutMs)
      await gone
      clearTimeout(late)
    }
    this.#change({ kind: 'ended' })
  }

  #change(state: HostState): void {
    this.#state = state
    this.#options.onState(state)
  }

  #launch(): void {
    const { node, program, env } = this.#options
    this.#change({ kind: 'starting' })
    const words = ['--no-warnings', program, 'panel', '--json', '--no-open', '--until-stdin-ends']
    const child: Child = spawn(node, words, { env, stdio: ['pipe', 'pipe', 'pipe'], windowsHide: true })
    this.#child = child
    new Watched(child, {
      onLog: this.#options.onLog,
      onReady: (endpoint, isOurs) => this.#change({ kind: 'ready', endpoint, isOurs }),
      onEnd: (end) => this.#ended(child, end),
    })
  }

  #ended(child: Child, end: HostEnd | undefined): void {
    if (this.#child === child) this.#child = undefined
    if (this.#isEnding || end === undefined) return
    this.#options.logger.warn('desktop.host-ended', { code: end.code, what: end.what })
    this.#ends = [...this.#ends.slice(-99), end]
    const next = afterEnd(this.#ends)
    if (next.do === 'ask') return this.#change({ kind: 'failed', end })
    this.#change({ kind: 'starting' })
    this.#timer = setTimeout(() => this.#launch(), next.inMs)
  }
}

type WatchedIo = {
  readonly onLog: (line: string) => void
  readonly onReady: (endpoint: Endpoint, isOurs: boolean) => void
  /** Undefined: it said where another panel is, and had nothing more to do. */
  readonly onEnd: (end: HostEnd | undefined) => void
}

/** One life of a child: its first line, its log, its end. */
class Watched {
  readonly #child: Child
  readonly #io: WatchedIo
  readonly #late: NodeJS.Timeout
  #said = ''
  #log = ''
  #failure: { readonly code: string | undefined; readonly message: string } | undefined
  #isElsewhere = false
  #isClosed = false

  constructor(child: Child, io: WatchedIo) {
    this.#child = child
    this.#io = io
    this.#late = setTimeout(() => this.#fail(`it did not say within ${startTimeoutMs / 1_000} s where it answers`), startTimeoutMs)
    child.stdin.on('error', () => {}) // it went before us; 'close' tells
    child.stdout.setEncoding('utf8').on('data', (part: string) => this.#take(part))
    child.stderr.setEncoding('utf8').on('data', (part: string) => this.#note(part))
    child.once('error', (error) => {
      this.#failure = { code: 'host.not-started', message: `its program could not be started: ${error.message}` }
      if (child.pid === undefined) this.#close(null, null) // no 'close' follows then on every system
    })
    child.once('close', (code, signal) => this.#close(code, signal))
    child.once('exit', (code, signal) => setTimeout(() => this.#close(code, signal), lastWordsMs)) // what it started may hold its pipes
  }

  #take(part: string): void {
    if (this.#said.includes('\n')) return // it says one thing only
    this.#said = (this.#said + part).slice(0, maxLineLength)
    const end = this.#said.indexOf('\n')
    if (end < 0) return this.#said.length < maxLineLength ? undefined : this.#fail('its first line has no end')
    clearTimeout(this.#late)
    const line = FirstLine.safeParse(jsonOf(this.#said.slice(0, end)))
    if (!line.success) return this.#fail('it said something else than where it answers; it may be of another version')
    if ('error' in line.data) return void (this.#failure = line.data.error)
    const { url, urlWithToken, pid } = line.data
    this.#isElsewhere = pid !== this.#child.pid
    this.#io.onReady({ url, token: urlWithToken.slice(-64) }, !this.#isElsewhere)
  }

  #note(part: string): void {
    const lines = (this.#log + part).split('\n')
    this.#log = (lines.slice(0, -1).slice(-40).join('\n') + '\n' + (lines.at(-1) ?? '')).slice(-keptLogLength)
    for (const line of part.split('\n')) if (line !== '') this.#io.onLog(line.slice(0, maxLineLength))
  }

  #fail(message: string): void {
    this.#failure = { code: undefined, message }
    this.#child.kill('SIGKILL')
  }

  #close(code: number | null, signal: string | null): void {
    if (this.#isClosed) return
    this.#isClosed = true
    clearTimeout(this.#late)
    if (this.#isElsewhere && this.#failure === undefined) return this.#io.onEnd(undefined)
    const how = signal === null ? `with exit code ${code}` : `by ${signal}`
    const what = this.#failure?.message ?? `it ended ${how}`
    this.#io.onEnd({ code: this.#failure?.code, what, log: this.#log.trim(), atMs: Date.now() })
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
