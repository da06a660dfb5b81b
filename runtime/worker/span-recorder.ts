import type { Clock } from '../base/clock.ts'
import type { TaskSpan } from '../protocol/events.ts'
import type { AgentPort } from './messages.ts'
import { packPlain } from '../transport/packed.ts'

const sendEveryMs = 250
/** 100,000 spans a second are kept; what comes faster is counted and dropped. */
const bufferLimit = (100_000 * sendEveryMs) / 1_000

export type SpanIdentity = { readonly nodeId: string; readonly workerId: string; readonly pid: number }

/** Keeps the spans of ended tasks and sends them to the agent a few times a second. */
export class SpanRecorder {
  readonly #identity: SpanIdentity
  readonly #agent: AgentPort
  readonly #clock: Clock
  #spans: TaskSpan[] = []
  #dropped = 0
  #timer: NodeJS.Timeout | undefined
  /** Added to a monotonic time it gives wall time; taken anew for each batch, as wall clocks are set. */
  #wallOffsetMs: number

  constructor(identity: SpanIdentity, agent: AgentPort, clock: Clock) {
    this.#identity = identity
    this.#agent = agent
    this.#clock = clock
    this.#wallOffsetMs = clock.nowMs() - clock.monotonicMs()
  }

  /** Takes the tuple over. Its two times are monotonic on entry and become wall time here. */
  record(span: TaskSpan): void {
    this.#timer ??= this.#arm()
    if (this.#spans.length >= bufferLimit) {
      this.#dropped += 1
      return
    }
    span[3] += this.#wallOffsetMs
    span[4] += this.#wallOffsetMs
    this.#spans.push(span)
  }

  /** Sends what is there now. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const spans = this.#spans
    const dropped = this.#dropped
    const first = spans[0]
    if (first === undefined) return
    this.#spans = []
    this.#dropped = 0
    let firstMs = first[3]
    let lastMs = first[4]
    for (const span of spans) {
      firstMs = Math.min(firstMs, span[3])
      lastMs = Math.max(lastMs, span[4])
    }
    const { nodeId, workerId, pid } = this.#identity
    const packed = packPlain(spans)
    this.#agent.send({ type: 'events.batch', nodeId, workerId, pid, count: spans.length, dropped, firstMs, lastMs, packed })
  }

  #arm(): NodeJS.Timeout {
    this.#wallOffsetMs = this.#clock.nowMs() - this.#clock.monotonicMs()
    return setTimeout(() => this.flush(), sendEveryMs).unref()
  }
}
