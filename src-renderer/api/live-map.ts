import { useSyncExternalStore } from 'react'
import { panel } from './panel.ts'
import type { PanelError } from './panel-error.ts'

type Change<Value> = { readonly id: string; readonly value: Value | null }

export type LiveMap<Value> = {
  readonly values: readonly Value[]
  /** Before the first snapshot nothing is known, which is not the same as nothing. */
  readonly isKnown: boolean
  readonly error: PanelError | null
}

/** A topic of things by id, as it stands: one subscription for the whole page, held while somebody looks. */
export class LiveTopic<Value> {
  readonly #topic: string
  readonly #byId = new Map<string, Value>()
  readonly #listeners = new Set<() => void>()
  #shown: LiveMap<Value> = { values: [], isKnown: false, error: null }
  #isScheduled = false
  #off: (() => void) | undefined

  constructor(topic: string) {
    this.#topic = topic
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    this.#off ??= panel.follow<Change<Value>>(
      this.#topic,
      ({ events, isSnapshot }) => {
        if (isSnapshot) this.#byId.clear()
        for (const { id, value } of events) {
          if (value === null) this.#byId.delete(id)
          else this.#byId.set(id, value)
        }
        this.#show(null)
      },
      { onRefused: (error) => this.#show(error) },
    )
    return () => {
      this.#listeners.delete(listener)
      if (this.#listeners.size > 0) return
      this.#off?.()
      this.#off = undefined
    }
  }

  read = (): LiveMap<Value> => this.#shown

  /** Once a frame, however many events come. */
  #show(error: PanelError | null): void {
    const next = () => {
      this.#isScheduled = false
      this.#shown = { values: [...this.#byId.values()], isKnown: error === null, error }
      for (const listener of this.#listeners) listener()
    }
    if (this.#isScheduled) return
    this.#isScheduled = true
    if (document.hidden) setTimeout(next, 100)
    else requestAnimationFrame(next)
  }
}

export const useLive = <Value>(topic: LiveTopic<Value>): LiveMap<Value> => useSyncExternalStore(topic.subscribe, topic.read)
