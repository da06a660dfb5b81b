import type { Logger } from '../../runtime/base/logger.ts'
import { ClusterError } from '../../runtime/base/errors.ts'
import { LocalConnection } from '../local/local-connection.ts'
import type { Machine } from '../contract/machines.ts'
import { Backoff } from '../ssh/backoff.ts'
import { ConnectionPool, targetKey, type PoolState } from '../ssh/connection-pool.ts'
import type { HostConnection, Questions, SshTarget } from '../ssh/host-connection.ts'
import type { KnownHosts } from '../ssh/known-hosts.ts'
import { lend } from './lent-connection.ts'
import type { Machines } from './machines.ts'
import { sshTargetOf } from './ssh-targets.ts'

export type MachineConnectionsIo = {
  readonly machines: Machines
  readonly knownHosts: KnownHosts
  readonly questions: Questions
  readonly nowMs: () => number
  readonly logger: Logger
  /** Whether machines that were lost are tried again by themselves; a single command does not wait for them. */
  readonly isWatching: boolean
}

const backoffLimits = { baseMs: 2_000, maxMs: 60_000 }

type Watched = { readonly backoff: Backoff; timer: NodeJS.Timeout | undefined }

/** One connection to each machine, shared by all that is done there; says how we stand with each, and brings lost ones back. */
export class MachineConnections {
  readonly #io: MachineConnectionsIo
  readonly #pool: ConnectionPool
  /** By connection, the machine that it leads to; several names may mean one host. */
  readonly #machineIds = new Map<string, Set<string>>()
  readonly #watched = new Map<string, Watched>()
  /** By machine: of this computer there is one. */
  readonly #local = new Map<string, LocalConnection>()
  #isClosed = false

  constructor(io: MachineConnectionsIo) {
    this.#io = io
    const { questions, knownHosts } = io
    this.#pool = new ConnectionPool({ io: { questions, knownHosts }, onState: (change) => this.#note(change) })
  }

  /** It is shared: closing it gives it back. @throws ClusterError `machine.not-found`, those of `openConnection` */
  async connect(machineId: string, signal?: AbortSignal): Promise<HostConnection> {
    const machine = this.#io.machines.get(machineId)
    if (machine.via === 'local') return lend(await this.#connectLocal(machine))
    const target = await this.#targetOf(machine)
    return lend(await this.#pool.get(target, signal))
  }

  async disconnect(machineId: string): Promise<void> {
    this.#forget(machineId)
    const local = this.#local.get(machineId)
    this.#local.delete(machineId)
    local?.close()
    if (this.#io.machines.get(machineId).via === 'local') return this.#record(machineId, 'closed', null)
    this.#pool.drop(await this.#targetOf(this.#io.machines.get(machineId)))
  }

  close(): void {
    this.#isClosed = true
    for (const machineId of this.#watched.keys()) this.#forget(machineId)
    this.#pool.close()
    for (const connection of this.#local.values()) connection.close()
  }

  async #connectLocal({ id, name }: Machine): Promise<LocalConnection> {
    if (this.#isClosed) throw new ClusterError('link.closed', 'this panel is ending')
    const known = this.#local.get(id)
    if (known) return known
    const connection = new LocalConnection(name)
    this.#local.set(id, connection)
    await this.#record(id, 'connected', null)
    return connection
  }

  async #targetOf(machine: Machine): Promise<SshTarget> {
    const target = await sshTargetOf(machine, this.#io.machines)
    const key = targetKey(target)
    this.#machineIds.set(key, (this.#machineIds.get(key) ?? new Set()).add(machine.id))
    return target
  }

  #note({ target, state, error }: { target: SshTarget; state: PoolState; error: Error | null }): void {
    for (const machineId of this.#machineIds.get(targetKey(target)) ?? []) {
      if (state === 'connecting' || this.#isClosed || !this.#io.machines.find(machineId)) continue
      void this.#record(machineId, state, error).catch((thrown: unknown) =>
        this.#io.logger.warn('machine.not-recorded', { machineId, reason: String(thrown) }),
      )
      if (state === 'connected') this.#watched.get(machineId)?.backoff.reset()
      else if (error !== null) this.#tryLater(machineId, error)
    }
  }

  async #record(machineId: string, state: PoolState, error: Error | null): Promise<void> {
    const code = error instanceof ClusterError ? error.code : error === null ? null : 'internal'
    if (code === 'link.closed') return // somebody changed their mind: that says nothing of the machine
    const reached = state === 'connected' ? 'connected' : error === null ? 'reachable' : 'unreachable'
    const message = error === null ? null : error.message.slice(0, 8_192)
    await this.#io.machines.record(machineId, { reach: { state: reached, sinceMs: this.#io.nowMs(), code, message } })
  }

  /** What a person has to mend first is not tried again and again. */
  #tryLater(machineId: string, error: Error): void {
    if (!this.#io.isWatching || (error instanceof ClusterError && (!error.retryable || error.code === 'link.closed'))) return
    const watched = this.#watched.get(machineId) ?? { backoff: new Backoff(backoffLimits), timer: undefined }
    this.#watched.set(machineId, watched)
    clearTimeout(watched.timer)
    watched.timer = setTimeout(() => {
      this.connect(machineId).catch(() => {}) // `#note` was told, and tries again
    }, watched.backoff.nextMs()).unref()
  }

  #forget(machineId: string): void {
    clearTimeout(this.#watched.get(machineId)?.timer)
    this.#watched.delete(machineId)
  }
}
