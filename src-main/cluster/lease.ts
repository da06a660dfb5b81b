import * as z from 'zod'
import { ClusterError, toError } from '../../runtime/base/errors.ts'
import type { HostConnection } from '../ssh/host-connection.ts'
import { decideLease, isStanding, type Lease, type Seen, type Wish } from './core/lease.ts'
import { leaseScript } from './lease-script.ts'

export type LeaseOptions = {
  readonly connection: Pick<HostConnection, 'script'>
  /** On the head's machine, beside the cluster's session; it is made when it is missing. */
  readonly folder: string
  /** Of this panel: letters, digits, `-` and `_`, at most 64. */
  readonly holderId: string
  /** What others are shown, such as `anna on laptop7`. */
  readonly holderLabel: string
  /** How long it stands without being renewed. @default 30 s */
  readonly ttlMs?: number
}

export type LeaseState =
  | { readonly state: 'free' }
  | { readonly state: 'ours'; readonly sinceMs: number; readonly expiresInMs: number }
  /** `sinceMs` is how long the other has held it. */
  | { readonly state: 'held'; readonly label: string; readonly sinceMs: number; readonly expiresInMs: number }

const HolderId = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be letters, digits, - and _, at most 64')
const answerLine = /^(\d{1,12}) (\d{1,15})(?: (\S{1,64}) (\d{1,12}) (\d{1,12})(?: (.*))?)?$/
const longestLabel = 128
const scriptTimeoutMs = 30_000
/** Each lost race means that somebody else won it: more rounds than panels. */
const mostRounds = 16

/** A right to change a cluster, held by one panel at a time. Kept on the head's machine and judged by the clock there. */
export class ClusterLease {
  readonly #options: Required<LeaseOptions>

  constructor(options: LeaseOptions) {
    const checked = HolderId.safeParse(options.holderId)
    if (!checked.success)
      throw new ClusterError('bad-argument', `the id of a lease's holder ${checked.error.issues[0]?.message ?? 'is wrong'}`)
    this.#options = { ttlMs: 30_000, ...options }
  }

  /** Who holds it now; nothing is changed. */
  async look(): Promise<LeaseState> {
    return this.#stateOf(await this.#run([]))
  }

  /** Resolves with `ours`. @throws ClusterError `lease.held` naming who has it */
  acquire(): Promise<LeaseState> {
    return this.#get('acquire')
  }

  /** Takes it, whoever has it; that one's next `renew` fails. */
  takeOver(): Promise<LeaseState> {
    return this.#get('take-over')
  }

  /** To be called every third of its time to live while the work goes on. @throws ClusterError `lease.held` when another took it over */
  renew(): Promise<LeaseState> {
    return this.#get('renew')
  }

  /** Gives it back; does nothing when we do not have it. */
  async release(): Promise<void> {
    await this.#get('release')
  }

  async #get(wish: Wish): Promise<LeaseState> {
    const { holderId, holderLabel, ttlMs } = this.#options
    const ttlS = Math.ceil(ttlMs / 1_000)
    let seen = await this.#run([])
    for (let round = 0; round < mostRounds; round += 1) {
      const decision = decideLease(seen, { wish, holderId, ttlS })
      if (decision.do === 'nothing') return this.#stateOf(seen)
      if (decision.do === 'refuse') throw heldBy(decision.holder, { seen, wish, ttlS })
      const { after, sinceS, expiresS } = decision
      seen = await this.#run([after, holderId, shownLabel(holderLabel), sinceS, expiresS].map(String))
      const isDone = seen.lease?.generation === after + 1 && seen.lease.holderId === holderId && seen.lease.expiresS === expiresS
      if (isDone) return this.#stateOf(seen)
      if (wish === 'renew' && seen.lease && seen.lease.holderId !== holderId) throw heldBy(seen.lease, { seen, wish, ttlS })
    }
    throw new ClusterError('lease.held', 'many panels want to change this cluster at the same moment; try again')
  }

  async #run(args: readonly string[]): Promise<Seen> {
    const { connection, folder } = this.#options
    const result = await connection.script(leaseScript, [folder, ...args], { timeoutMs: scriptTimeoutMs, maxOutputBytes: 65_536 })
    const parts = result.code === 0 ? answerLine.exec(result.stdout.trim()) : null
    if (parts === null) {
      const why = (result.stderr.trim() || result.stdout.trim() || `exit code ${result.code}`).slice(0, 500)
      throw new ClusterError('internal', `the lease in ${folder} on the head's machine cannot be read: ${why}; check that folder`)
    }
    const [, nowS = '', generation = '', holderId, sinceS = '', expiresS = '', label = ''] = parts
    if (generation === '0') return { nowS: Number(nowS), lease: null }
    // One that was begun and never filled, by a shell that died: it counts as given back.
    if (holderId === undefined)
      return { nowS: Number(nowS), lease: { generation: Number(generation), holderId: '-', label: '', sinceS: 0, expiresS: 0 } }
    return {
      nowS: Number(nowS),
      lease: { generation: Number(generation), holderId, label, sinceS: Number(sinceS), expiresS: Number(expiresS) },
    }
  }

  #stateOf(seen: Seen): LeaseState {
    const { holderId, ttlMs } = this.#options
    if (seen.lease === null || !isStanding(seen, Math.ceil(ttlMs / 1_000))) return { state: 'free' }
    const facts = timesOf(seen.lease, seen.nowS)
    return seen.lease.holderId === holderId ? { state: 'ours', ...facts } : { state: 'held', label: seen.lease.label, ...facts }
  }
}

const timesOf = ({ sinceS, expiresS }: Lease, nowS: number) => ({
  sinceMs: Math.max(0, nowS - sinceS) * 1_000,
  expiresInMs: Math.max(0, expiresS - nowS) * 1_000,
})

function heldBy(lease: Lease, { seen, wish, ttlS }: { seen: Seen; wish: Wish; ttlS: number }): ClusterError {
  const { sinceMs, expiresInMs } = timesOf(lease, seen.nowS)
  const label = lease.label || 'another panel'
  if (wish === 'renew') {
    return new ClusterError('lease.held', `${label} took over the right to change this cluster; what we were doing was stopped`, {
      details: { holder: label, sinceMs, expiresInMs },
    })
  }
  return new ClusterError(
    'lease.held',
    `${label} is changing this cluster, for ${Math.round(sinceMs / 1_000)} s now; wait until that is done (it ends by itself ${ttlS} s after that panel goes away), or take over`,
    { details: { holder: label, sinceMs, expiresInMs } },
  )
}

/** One line without control characters. */
const shownLabel = (label: string): string =>
  label
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ')
    .trim()
    .slice(0, longestLabel) || 'another panel'

const ranOut = (cause: unknown) =>
  new ClusterError(
    'head.unavailable',
    `the right to change this cluster ran out, as the head's machine could not be reached: ${toError(cause).message} What we were doing was stopped; retry when it is back.`,
    { cause },
  )

export type HeldLease = {
  /** Fires when another took it over, or it could not be renewed until it ran out; its reason is the error. */
  readonly lost: AbortSignal
  /** Stops renewing and gives it back. Does not throw: it runs out by itself. */
  release(): Promise<void>
}

/** Acquires (or takes over) and renews until it is released. @throws ClusterError `lease.held`, and what the connection throws */
export async function holdLease(
  lease: ClusterLease,
  options: { takeOver?: boolean; renewEveryMs?: number; ttlMs?: number } = {},
): Promise<HeldLease> {
  const { takeOver = false, renewEveryMs = 10_000, ttlMs = 30_000 } = options
  await (takeOver ? lease.takeOver() : lease.acquire())
  const lost = new AbortController()
  let renewedAtMs = performance.now()
  let renewal: Promise<void> | undefined
  const renew = async () => {
    try {
      await lease.renew()
      renewedAtMs = performance.now()
    } catch (error) {
      const isTaken = error instanceof ClusterError && error.code === 'lease.held'
      if (isTaken) lost.abort(error)
      else if (performance.now() - renewedAtMs >= ttlMs - renewEveryMs / 2) lost.abort(ranOut(error))
    }
  }
  const timer = setInterval(() => {
    if (lost.signal.aborted) return clearInterval(timer)
    renewal ??= renew().finally(() => (renewal = undefined))
  }, renewEveryMs)
  return {
    lost: lost.signal,
    async release() {
      clearInterval(timer)
      await renewal
      if (!lost.signal.aborted) await lease.release().catch(() => {}) // it runs out by itself
    },
  }
}
