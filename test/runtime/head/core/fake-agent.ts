import { addAmounts, type Amounts, amountsFrom, fits, resourcesFrom, subtractAmounts } from '#runtime/base/fixed-point.ts'
import type { ActorSpec } from '#runtime/protocol/actors.ts'
import type { NodeRegister, ToAgentFromHead, ToHeadFromAgent } from '#runtime/protocol/nodes.ts'
import { addressOf, factsOf } from './builders.ts'

export type FakeLife = { spec: ActorSpec; restarts: number; attempt: number; isAlive: boolean; held: Amounts; stopWhenAlive: boolean }
export type FakeBundles = { groupId: string; round: number; indexes: Set<number>; amounts: Map<number, Amounts>; committed: boolean }

type FakeEnd = Extract<ToHeadFromAgent, { type: 'actor.start-failed' | 'actor.exited' }>

/** An agent that keeps the protocol's promises and does nothing real. */
export class FakeAgent {
  readonly nodeId: string
  readonly available: Amounts
  readonly lives = new Map<string, FakeLife>()
  readonly bundles = new Map<string, FakeBundles>()
  readonly clients = new Map<string, string | null>()
  /** How the last placement of an actor here ended: its order may come once more. */
  readonly ends = new Map<string, FakeEnd>()
  readonly resources: Record<string, number>
  sequence = 0
  isFenced = false

  constructor(nodeId: string, resources: Record<string, number>) {
    this.nodeId = nodeId
    this.resources = resources
    this.available = amountsFrom(resources)
  }

  register(): NodeRegister {
    return {
      type: 'node.register',
      facts: factsOf(this.nodeId, this.resources),
      available: this.#free(),
      actors: [...this.lives.values()].flatMap(({ spec, restarts, attempt, isAlive }) =>
        isAlive ? [{ actorId: spec.actorId, restarts, attempt, address: addressOf(this.nodeId, spec.actorId) }] : [],
      ),
      actorsEnded: [],
      bundles: [...this.bundles.values()].map(({ groupId, round, indexes, committed }) => ({
        groupId,
        round,
        indexes: [...indexes],
        committed,
      })),
      clients: [...this.clients].map(([workerId, jobId]) => ({ workerId, jobId })),
    }
  }

  report(): ToHeadFromAgent {
    this.sequence += 1
    const { nodeId, sequence } = this
    return { type: 'node.reported', nodeId, sequence, available: this.#free(), demand: [], storeUsedBytes: 0, workers: this.lives.size }
  }

  receive(message: ToAgentFromHead): ToHeadFromAgent[] {
    switch (message.type) {
      case 'actor.start':
        return this.#start(message)
      case 'actor.stop':
        return this.#stop(message)
      case 'bundles.prepare':
        return this.#prepare(message)
      case 'bundles.commit': {
        const held = this.bundles.get(`${message.groupId} ${message.round}`)
        if (held === undefined) return []
        held.committed = true
        return [{ type: 'bundles.committed', groupId: message.groupId, round: message.round }]
      }
      case 'bundles.return':
        return this.#return(message)
      case 'node.fenced':
        this.isFenced = true
        return []
      default:
        return []
    }
  }

  /** The constructor of a life ends. */
  finishStart(actorId: string, how: 'ready' | 'threw' | 'crashed'): ToHeadFromAgent[] {
    const life = this.lives.get(actorId)
    if (life === undefined || life.isAlive) return []
    const { restarts, attempt } = life
    if (how === 'ready') {
      life.isAlive = true
      this.#hold(life, life.spec.shape.strategy.kind === 'group' ? {} : amountsFrom(life.spec.heldResources))
      return [this.#started(life)]
    }
    this.#drop(actorId)
    const error = { bytes: new Uint8Array(1), classNames: ['Error'] }
    const reason = how === 'threw' ? { kind: 'threw' as const, error } : { kind: 'crashed' as const, exit }
    return [this.#ended({ type: 'actor.start-failed', actorId, restarts, attempt, reason })]
  }

  crash(actorId: string): ToHeadFromAgent[] {
    const life = this.lives.get(actorId)
    if (!life?.isAlive) return []
    this.#drop(actorId)
    return [this.#exited(life, false)]
  }

  #start({ spec, restarts, attempt }: Extract<ToAgentFromHead, { type: 'actor.start' }>): ToHeadFromAgent[] {
    const { actorId } = spec
    const known = this.lives.get(actorId)
    const end = this.ends.get(actorId)
    if (end && end.attempt >= attempt) return end.attempt === attempt ? [end] : []
    if (known && known.attempt > attempt) return []
    if (known?.attempt === attempt) return known.isAlive ? [this.#started(known)] : []
    const ended: ToHeadFromAgent[] = known ? [this.#exited(known, true)] : []
    if (known) this.#drop(actorId)
    const { strategy, resources } = spec.shape
    const inGroup = strategy.kind === 'group'
    const wanted = inGroup ? {} : amountsFrom(resources)
    const hasRoom = inGroup ? this.#holdsGroup(strategy.groupId) : fits(this.available, wanted)
    if (!hasRoom) {
      return [...ended, this.#ended({ type: 'actor.start-failed', actorId, restarts, attempt, reason: { kind: 'no-room' } })]
    }
    const life: FakeLife = { spec, restarts, attempt, isAlive: false, held: {}, stopWhenAlive: false }
    this.lives.set(actorId, life)
    this.#hold(life, wanted)
    return ended
  }

  #started({ spec: { actorId }, restarts, attempt }: FakeLife): ToHeadFromAgent {
    return { type: 'actor.started', actorId, restarts, attempt, address: addressOf(this.nodeId, actorId), devices: {} }
  }

  #exited({ spec: { actorId }, restarts, attempt }: FakeLife, intended: boolean): ToHeadFromAgent {
    return this.#ended({ type: 'actor.exited', actorId, restarts, attempt, exit, intended })
  }

  #ended(end: FakeEnd): FakeEnd {
    if (end.attempt >= (this.ends.get(end.actorId)?.attempt ?? 0)) this.ends.set(end.actorId, end)
    return end
  }

  #holdsGroup(groupId: string): boolean {
    return [...this.bundles.values()].some((held) => held.groupId === groupId && held.committed)
  }

  #stop({ actorId, restarts, attempt }: Extract<ToAgentFromHead, { type: 'actor.stop' }>): ToHeadFromAgent[] {
    if (this.lives.get(actorId)?.attempt === attempt) this.#drop(actorId)
    return [this.#ended({ type: 'actor.exited', actorId, restarts, attempt, exit, intended: true })]
  }

  #prepare({ groupId, round, bundles }: Extract<ToAgentFromHead, { type: 'bundles.prepare' }>): ToHeadFromAgent[] {
    const key = `${groupId} ${round}`
    if (this.bundles.has(key)) return [{ type: 'bundles.prepared', groupId, round }]
    const sum: Amounts = {}
    for (const { resources } of bundles) addAmounts(sum, amountsFrom(resources))
    if (!fits(this.available, sum)) return [{ type: 'bundles.refused', groupId, round }]
    subtractAmounts(this.available, sum)
    const amounts = new Map(bundles.map(({ index, resources }) => [index, amountsFrom(resources)]))
    this.bundles.set(key, { groupId, round, indexes: new Set(amounts.keys()), amounts, committed: false })
    return [{ type: 'bundles.prepared', groupId, round }]
  }

  #return({ groupId, round, indexes }: Extract<ToAgentFromHead, { type: 'bundles.return' }>): ToHeadFromAgent[] {
    const held = this.bundles.get(`${groupId} ${round}`)
    const ended: ToHeadFromAgent[] = []
    for (const index of indexes) {
      if (held?.indexes.delete(index)) addAmounts(this.available, held.amounts.get(index) ?? {})
    }
    if (held?.indexes.size === 0) this.bundles.delete(`${groupId} ${round}`)
    if (!this.#holdsGroup(groupId)) {
      for (const [actorId, life] of this.lives) {
        const { strategy } = life.spec.shape
        if (strategy.kind !== 'group' || strategy.groupId !== groupId) continue
        this.#drop(actorId)
        ended.push(this.#exited(life, false))
      }
    }
    return [...ended, { type: 'bundles.returned', groupId, round }]
  }

  #hold(life: FakeLife, amounts: Amounts): void {
    addAmounts(this.available, life.held)
    life.held = amounts
    subtractAmounts(this.available, amounts)
  }

  #drop(actorId: string): void {
    const life = this.lives.get(actorId)
    if (life) addAmounts(this.available, life.held)
    this.lives.delete(actorId)
  }

  #free(): Record<string, number> {
    return resourcesFrom(Object.fromEntries(Object.entries(this.available).filter(([, units]) => units > 0)))
  }
}

const exit = { exitCode: 1, signal: null, pid: 7, reason: null, lastLines: [] }
