import type { EventFrame } from '../../../runtime/api/events.ts'
import { ClusterError } from '../../../runtime/base/errors.ts'
import type { EventsQuestion } from '../cluster-calls.ts'
import { RayChanges, type Seen, type WatchedKind } from './ray-changes.ts'
import type { RayFigures } from './ray-figures.ts'
import type { RayLists } from './ray-lists.ts'
import { rayResources } from './ray-rows.ts'

const metricsEveryMs = 5_000
const lookEveryMs = 2_000
/** So much of the time at most Ray's head is busy with our looks: what took 1 s is looked at again after 4 s. */
const restShare = 4
const longestRestMs = 10_000
/** Who follows takes a longer silence for a head that is gone. */
const beatMs = 5_000

const resources = {
  node: rayResources.pageNodes,
  actor: rayResources.pageActors,
  placement_group: rayResources.pagePlacementGroups,
  task: rayResources.pageTasks,
} as const

/** Looks at the lists of a Ray head again and again, and tells what changed as our own heads do. */
export class RayPoll {
  readonly #lists: RayLists
  readonly #figures: RayFigures
  #wake: (() => void) | undefined

  constructor(lists: RayLists, figures: RayFigures) {
    this.#lists = lists
    this.#figures = figures
  }

  /** Something was changed through us: looks at once. */
  nudge(): void {
    this.#lists.forget()
    this.#wake?.()
  }

  /** As `ClusterCalls.events` says; numbers go on from `since`. */
  async *events({ since, kinds, signal }: EventsQuestion): AsyncGenerator<EventFrame> {
    if (since === 'latest') return yield* this.#metrics(kinds, signal)
    const changes = new RayChanges(since ?? 0)
    let isFirst = true
    while (!signal?.aborted) {
      const startMs = performance.now()
      const looking = this.#look()
      while (!(await isSettledWithin(looking, beatMs))) yield nothingSince(changes)
      const seen = await looking
      if (isFirst) yield* changes.snapshot(seen)
      else yield changes.batch(seen, Date.now()) ?? nothingSince(changes)
      isFirst = false
      const restMs = Math.max(lookEveryMs, (performance.now() - startMs) * restShare)
      await this.#pause(Math.min(restMs, longestRestMs), signal)
    }
  }

  async *#metrics(kinds: EventsQuestion['kinds'], signal: AbortSignal | undefined): AsyncGenerator<EventFrame> {
    while (!signal?.aborted) {
      if (kinds?.includes('metrics')) yield { type: 'metrics', nodes: await this.#figures.latest() }
      await this.#pause(metricsEveryMs, signal)
    }
  }

  /** @throws when the head does not answer at all; a list that it cannot give now is left out */
  async #look(): Promise<Partial<Seen>> {
    const seen: Partial<Record<WatchedKind, Seen[WatchedKind]>> = {}
    const failures: unknown[] = []
    const read = async (kind: WatchedKind, list: Promise<{ readonly rows: Seen[WatchedKind] }>) => {
      try {
        const { rows } = await list
        seen[kind] = kind === 'task' ? rows.filter((row) => row['type'] !== 'DRIVER_TASK') : rows
      } catch (error) {
        failures.push(error)
      }
    }
    const sampling = this.#figures.sample(Date.now()).catch(() => {}) // a chart with a hole is no reason to lose the link
    const reads = Object.entries(resources).map(([kind, resource]) => read(kind as WatchedKind, this.#lists.read(resource))) // a key of it
    await Promise.all([...reads, read('job', this.#lists.jobs()), sampling])
    const gone = failures.find((error) => !(error instanceof ClusterError) || isAboutLink(error))
    if (gone !== undefined || Object.keys(seen).length === 0) throw gone ?? failures[0]
    return seen
  }

  #pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const finish = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', finish)
        resolve()
      }
      const timer = setTimeout(finish, ms)
      this.#wake = finish
      signal?.addEventListener('abort', finish, { once: true })
      if (signal?.aborted) finish()
    })
  }
}

const nothingSince = ({ seq }: RayChanges): EventFrame => ({ type: 'batch', from: seq, to: seq, events: [] })

async function isSettledWithin(work: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), ms)))
  const settled = work.then(
    () => true as const,
    () => true as const,
  )
  try {
    return await Promise.race([settled, late])
  } finally {
    clearTimeout(timer)
  }
}

const linkCodes: readonly string[] = ['head.unavailable', 'link.closed', 'auth.missing', 'auth.refused']
const isAboutLink = (error: ClusterError): boolean => linkCodes.includes(error.code) || error.code.startsWith('ssh.')
