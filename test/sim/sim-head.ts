import { defaultHeadConfig, type HeadConfig } from '#runtime/head/core/config.ts'
import type { CoreRequest, HeadEvent } from '#runtime/head/core/events.ts'
import { checkInvariants } from '#runtime/head/core/invariants.ts'
import type { SavedRow } from '#runtime/head/core/rows.ts'
import { createHeadState, type HeadState } from '#runtime/head/core/state.ts'
import { step } from '#runtime/head/core/step.ts'
import { NodeRegistered } from '#runtime/protocol/nodes.ts'
import type { AgentToHead, HeadToAgent } from './messages.ts'
import type { Port } from './network.ts'
import type { World } from './world.ts'

type EventBody = HeadEvent extends infer E ? (E extends HeadEvent ? Omit<E, 'nowMs'> : never) : never

export const headPlace = 'head'
const tickMs = 100

/** The head's process: its core, what it saved, and its links. After a crash only what it saved is left. */
export class SimHead {
  readonly #world: World
  readonly #rows = new Map<string, SavedRow>()
  readonly #config: HeadConfig
  state: HeadState
  isUp = true
  clockOffsetMs = 0
  steps = 0
  #life = 0
  #nextLink = 0
  #nextKey = 0
  readonly #links = new Map<number, { port: Port; nodeId: string }>()
  readonly #linkOfNode = new Map<string, Port>()
  /** By the core's request key: who asked, and under which key of its own. */
  readonly #waiting = new Map<number, { port: Port; key: number; isRegister: boolean }>()

  constructor(world: World, config: Partial<HeadConfig>) {
    this.#world = world
    this.#config = { ...defaultHeadConfig, seed: world.seed, ...config }
    this.state = createHeadState(this.#config)
    this.#startTicking()
  }

  crash(): void {
    this.isUp = false
    this.#life += 1
    for (const { port } of this.#links.values()) port.reset()
    this.#links.clear()
    this.#linkOfNode.clear()
    this.#waiting.clear()
  }

  restart(): void {
    if (this.isUp) return
    this.isUp = true
    this.state = createHeadState(this.#config)
    this.#take({ type: 'state.loaded', rows: structuredClone([...this.#rows.values()]) })
    this.#startTicking()
  }

  /** An operator wants the node to leave, within so much time. */
  drain(nodeId: string, withinMs: number): void {
    const deadlineMs = this.#world.nowMs + this.clockOffsetMs + withinMs
    this.#take({ type: 'node.drain', nodeId, reason: 'asked for', deadlineMs })
  }

  /** An agent dialed. */
  accept(port: Port): void {
    this.#nextLink += 1
    const linkId = this.#nextLink
    const link = { port, nodeId: '' }
    this.#links.set(linkId, link)
    port.onMessage = (message: AgentToHead) => this.#onMessage(linkId, link, message)
    port.onClosed = () => {
      this.#links.delete(linkId)
      if (this.#linkOfNode.get(link.nodeId) === port) this.#linkOfNode.delete(link.nodeId)
      if (link.nodeId !== '') this.#take({ type: 'agent.link-closed', linkId, nodeId: link.nodeId })
    }
  }

  #onMessage(linkId: number, link: { port: Port; nodeId: string }, message: AgentToHead): void {
    if (message.kind === 'say') {
      return this.#take({ type: 'agent.message', linkId, nodeId: link.nodeId, message: message.message })
    }
    this.#nextKey += 1
    const requestKey = this.#nextKey
    const isRegister = message.kind === 'register'
    this.#waiting.set(requestKey, { port: link.port, key: isRegister ? 0 : message.key, isRegister })
    if (!isRegister) return this.#ask(link.nodeId, requestKey, message.request)
    link.nodeId = message.register.facts.nodeId
    this.#linkOfNode.set(link.nodeId, link.port)
    this.#take({ type: 'agent.registered', linkId, requestKey, register: message.register })
  }

  #ask(nodeId: string, requestKey: number, request: CoreRequest): void {
    this.#take({ type: 'client.request', from: { nodeId }, requestKey, request })
  }

  #take(event: EventBody): void {
    if (!this.isUp) return
    this.steps += 1
    const commands = step(this.state, { ...event, nowMs: this.#world.nowMs + this.clockOffsetMs })
    if (event.type !== 'tick' || commands.length > 0) this.#world.check(() => checkInvariants(this.state), `head after ${event.type}`)
    for (const command of commands) {
      if (command.type === 'save') this.#rows.set(`${command.row.table} ${command.row.key}`, structuredClone(command.row))
      else if (command.type === 'delete') this.#rows.delete(`${command.table} ${command.key}`)
    }
    for (const command of commands) {
      if (command.type === 'send') this.#send(this.#linkOfNode.get(command.nodeId), { kind: 'say', message: command.message })
      else if (command.type === 'reply') this.#answer(command.requestKey, { value: command.value, code: null, message: '' })
      else if (command.type === 'fail') this.#answer(command.requestKey, { value: null, ...command })
      else if (command.type === 'close-link') this.#close(command.linkId)
    }
  }

  #close(linkId: number): void {
    const port = this.#links.get(linkId)?.port
    port?.close()
    if (port) this.#world.scheduler.after(0, () => port.onClosed(0))
  }

  #answer(
    requestKey: number,
    { value, code, message }: { value: unknown; code: Extract<HeadToAgent, { kind: 'answer' }>['code']; message: string },
  ): void {
    const waiting = this.#waiting.get(requestKey)
    this.#waiting.delete(requestKey)
    if (!waiting) return
    if (waiting.isRegister && code === null) this.#send(waiting.port, { kind: 'registered', answer: NodeRegistered.parse(value) })
    else this.#send(waiting.port, { kind: 'answer', key: waiting.key, value, code, message })
  }

  #send(port: Port | undefined, message: HeadToAgent): void {
    port?.send(message)
  }

  #startTicking(): void {
    const life = this.#life
    const tick = () => {
      if (!this.isUp || this.#life !== life) return
      this.#take({ type: 'tick' })
      this.#world.scheduler.after(tickMs, tick)
    }
    this.#world.scheduler.after(tickMs, tick)
  }
}
