import { toError } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import type { AgentCommand, AgentEvent } from './core/events.ts'
import { type AgentCoreConfig, type AgentState, createAgentState } from './core/state.ts'
import { step } from './core/step.ts'

type WithoutTime<Event> = Event extends unknown ? Omit<Event, 'nowMs'> : never
export type UntimedEvent = WithoutTime<AgentEvent>

const tickMs = 50

/** Runs the core: one event after the other, also when performing a command raises the next one. */
export class CoreDriver {
  readonly state: AgentState
  readonly #perform: (command: AgentCommand) => void
  readonly #logger: Logger
  readonly #startedAtMs = Date.now()
  readonly #startedMonotonic = performance.now()
  readonly #queue: UntimedEvent[] = []
  #isRunning = false
  #timer: NodeJS.Timeout | undefined
  #isStopped = false

  constructor(config: AgentCoreConfig, io: { perform: (command: AgentCommand) => void; logger: Logger }) {
    this.state = createAgentState(config)
    this.#perform = io.perform
    this.#logger = io.logger
  }

  /** Wall time that does not jump. */
  nowMs(): number {
    return this.#startedAtMs + performance.now() - this.#startedMonotonic
  }

  raise(event: UntimedEvent): void {
    if (this.#isStopped) return
    this.#queue.push(event)
    if (this.#isRunning) return
    this.#isRunning = true
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) this.#run(next)
    } finally {
      this.#isRunning = false
    }
  }

  startTicking(): void {
    this.#timer ??= setInterval(() => this.raise({ type: 'tick' }), tickMs)
  }

  /** What is raised from now on is dropped: nothing is started any more. */
  stop(): void {
    this.#isStopped = true
    clearInterval(this.#timer)
  }

  #run(event: UntimedEvent): void {
    for (const command of step(this.state, { ...event, nowMs: this.nowMs() })) {
      try {
        this.#perform(command)
      } catch (thrown) {
        // Such as a message over the frame limit: the rest must go on, and the log says what did not.
        this.#logger.error('agent.command-failed', { command: command.do, reason: toError(thrown).message })
      }
    }
  }
}
