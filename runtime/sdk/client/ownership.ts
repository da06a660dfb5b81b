import type { Actors } from './actors.ts'
import type { OwnerShell } from './owner-shell.ts'
import type { References } from './references.ts'

export type OwnershipIo = {
  readonly references: Pick<References, 'lentCount'>
  readonly owner: { readonly state: Pick<OwnerShell['state'], 'tasks'> }
  readonly actors: () => Pick<Actors, 'ownedCount'>
  /** Tells the agent, before anything that is sent from now on to anybody else. */
  readonly say: (owns: boolean) => void
  readonly collectGarbage: () => void
  readonly nowMs: () => number
}

/** Handles that nobody holds any more keep their actors until they are collected, which an idle process is made to do this often. */
const collectEveryMs = 10_000

/**
 * Whether anything lives that ends with this process: objects that others use, results on their way, tasks under way, actors with handles.
 * A worker that owns such things is not ended as idle, and does not leave by itself, though it takes no more work.
 */
export class Ownership {
  readonly #io: OwnershipIo
  #said = false
  #collectedMs = 0
  #waiters: (() => void)[] = []
  /** Results whose refs their owners do not hold themselves yet. */
  hasResultsOut: () => boolean = () => false

  constructor(io: OwnershipIo) {
    this.#io = io
  }

  get owns(): boolean {
    return this.#isUsed || this.#io.actors().ownedCount > 0
  }

  get #isUsed(): boolean {
    const { references, owner } = this.#io
    return references.lentCount > 0 || owner.state.tasks.size > 0 || this.hasResultsOut()
  }

  /** Says what has changed since the last look. */
  look(): void {
    const { owns } = this
    if (owns !== this.#said) this.#io.say(owns)
    this.#said = owns
    if (!owns) for (const waiter of this.#waiters.splice(0)) waiter()
    else if (!this.#isUsed) this.#collectGarbage()
  }

  /** Settles at the first look that finds nothing owned; undefined when that is so now. */
  whenNothing(): Promise<void> | undefined {
    this.look()
    return this.owns ? new Promise((resolve) => this.#waiters.push(resolve)) : undefined
  }

  #collectGarbage(): void {
    const nowMs = this.#io.nowMs()
    if (this.#waiters.length === 0 && nowMs - this.#collectedMs < collectEveryMs) return
    this.#collectedMs = nowMs
    this.#io.collectGarbage()
  }
}
