import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { toError } from '#runtime/base/errors.ts'
import type { GivenInput, Method, Output } from '#src-main/contract/panel.ts'
import type { Operation } from '#src-main/contract/operations.ts'
import { type Bed, createBed } from '#test/support/bed/bed.ts'
import type { BedHost } from '#test/support/bed/bed-host.ts'
import { openPanelWorld, type PanelWorld } from '#test/support/browser/browser.ts'
import { acceptKeys, specOfHost, storyOf } from '#test/support/panel.ts'
import { ensurePayload } from '#test/support/payload.ts'

export const clusterName = 'lab'
/** Of the home folder, where payload, logs and spilled objects lie: small, so that it can be filled. */
const diskMegabytes = 600
const memoryBytes = 192 * 1024 * 1024
const answerWithinMs = 60_000

export type DaemonName = 'head' | 'agent'

/** Hosts with real SSH servers, made a cluster by a panel that a browser is open on. */
export class SoakCluster {
  readonly bed: Bed
  readonly world: PanelWorld
  readonly hosts: readonly BedHost[]
  readonly #sessions = new Map<string, string>()
  readonly #machineIds = new Map<string, string>()

  private constructor(bed: Bed, world: PanelWorld) {
    this.bed = bed
    this.world = world
    this.hosts = bed.hosts
  }

  static async make(hosts: number, signal: AbortSignal): Promise<SoakCluster> {
    await ensurePayload()
    const bed = await createBed({ hosts: Array.from({ length: hosts }, (_, index) => ({ name: `n${index + 1}`, shmBytes: memoryBytes })) })
    let world: PanelWorld | undefined
    try {
      for (const host of bed.hosts) host.run(`mount -t tmpfs -o size=${diskMegabytes}m,mode=755,uid=12345,gid=12345 disk ${host.home}`)
      world = await openWorld()
      const cluster = new SoakCluster(bed, world)
      await cluster.#create(signal)
      return cluster
    } catch (error) {
      await world?.dispose()
      await bed.close()
      throw error
    }
  }

  async #create(signal: AbortSignal): Promise<void> {
    await this.call('machines.add', { machines: this.hosts.map((host) => specOfHost(this.bed, host)) })
    for (const { name, id } of await this.call('machines.list', {})) this.#machineIds.set(name, id)
    const [head = '', ...workers] = this.hosts.map(({ name }) => this.machineId(name))
    const isOver = new AbortController()
    const answering = this.#acceptKeys(isOver.signal)
    try {
      const { operationId } = await this.call('clusters.create', { spec: { name: clusterName, head, workers } })
      await this.finish(operationId, signal)
    } finally {
      isOver.abort()
      await answering
    }
    for (const { machineId, sessionFolder } of (await this.call('clusters.get', { cluster: clusterName })).members) {
      const name = [...this.#machineIds].find(([, id]) => id === machineId)?.[0]
      if (name !== undefined && sessionFolder !== null) this.#sessions.set(name, sessionFolder)
    }
    await this.call('clusters.connect', { cluster: clusterName })
    await this.untilWell(answerWithinMs)
  }

  async #acceptKeys(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      for (const question of await this.call('questions.list', {}))
        await this.call('questions.answer', { questionId: question.id, answer: acceptKeys(question) }).catch(() => {}) // it was settled meanwhile
      await delay(200)
    }
  }

  /** As a program calls the panel. @throws Error what it refused, or that it did not answer at all */
  async call<M extends Method>(method: M, input: GivenInput<M>): Promise<Output<M>> {
    const late = new AbortController()
    const tooLate = delay(answerWithinMs, undefined, { signal: late.signal, ref: false }).then(() => {
      throw new Error(`${method}: the panel did not answer within ${answerWithinMs / 1_000} s`)
    })
    tooLate.catch(() => {}) // it answered
    try {
      return await Promise.race([this.world.callPanel(method, input), tooLate])
    } finally {
      late.abort()
    }
  }

  /** What the head itself answers now. @throws Error while it cannot be asked */
  async live<T>(
    route: string,
    more: { params?: Record<string, string>; query?: Record<string, string | number | boolean> } = {},
  ): Promise<T> {
    const { body, source } = await this.call('api.read', { cluster: clusterName, route, ...more })
    if (source !== 'live') throw new Error(`${route}: the head cannot be asked now`)
    return body as T // as runtime/api has it; the caller names the route's own type
  }

  /** Names of the nodes that the head counts as alive; none while it cannot be asked. */
  async aliveNodes(): Promise<string[]> {
    try {
      const { rows } = await this.live<{ rows: { node_name: string; state: string }[] }>('pageNodes', {
        query: { detail: true, limit: 1_000 },
      })
      return rows.flatMap(({ node_name: name, state }) => (state === 'ALIVE' ? [name] : [])).toSorted()
    } catch {
      return [] // it is away, which is what is being waited for
    }
  }

  /** Resolves when every node is alive. @throws Error after `withinMs`, with what is missing */
  async untilWell(withinMs: number): Promise<void> {
    const startedMs = performance.now()
    const wanted = this.hosts.map(({ name }) => name).join()
    let alive: readonly string[] = []
    while (performance.now() - startedMs < withinMs) {
      alive = await this.aliveNodes()
      if (alive.join() === wanted) return
      await delay(200)
    }
    const { link } = await this.call('clusters.get', { cluster: clusterName })
    throw new Error(
      `not well after ${Math.round(withinMs / 1_000)} s: alive are ${alive.join() || 'none'}; the link is ${link.state} (${link.message})`,
    )
  }

  /** Waits for an operation of the panel, and retries it as a person would when a fault hit it. @throws Error with its story */
  async finish(operationId: string, signal: AbortSignal, retries = 4): Promise<Operation> {
    for (let attempt = 0; ; attempt += 1) {
      let operation = await this.call('operations.get', { operationId })
      while (operation.state === 'running') {
        await delay(200, undefined, { signal })
        operation = await this.call('operations.get', { operationId })
      }
      if (operation.state === 'done') return operation
      if (attempt >= retries) throw new Error(storyOf(operation))
      await delay(2_000, undefined, { signal })
      await this.call('operations.retry', { operationId })
    }
  }

  async restart(host: BedHost, signal: AbortSignal): Promise<void> {
    const { operationId } = await this.call('clusters.restart', { cluster: clusterName, machines: [host.name] })
    await this.finish(operationId, signal)
  }

  machineId(name: string): string {
    return this.#machineIds.get(name) ?? ''
  }

  sessionFolder(host: BedHost): string {
    return this.#sessions.get(host.name) ?? ''
  }

  /** As the host counts; undefined where none runs. */
  pidOf(daemon: DaemonName, host: BedHost): number | undefined {
    try {
      const record = daemon === 'head' ? 'head/head.json' : 'node/node.json'
      const { pid } = JSON.parse(readFileSync(`${host.rootDir}${this.sessionFolder(host)}/${record}`, 'utf8')) as { pid: number } // the daemon's own file
      return readFileSync(`${host.rootDir}/proc/${pid}/cmdline`, 'utf8').includes(`${daemon}.mjs`) ? pid : undefined
    } catch {
      return undefined // it has ended, or never ran
    }
  }

  /** Also after Ctrl-C, when the panel may have gone already: with the hosts goes all that runs on them. */
  async close(): Promise<void> {
    await this.world.dispose().catch((error: unknown) => process.stderr.write(`the panel: ${toError(error).message}\n`)) // the hosts must go all the same
    await this.bed.close()
  }
}

/** The browser's own answer to Ctrl-C would end this process, and leave the hosts. */
async function openWorld(): Promise<PanelWorld> {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  const ours = signals.map((signal) => process.listeners(signal))
  const world = await openPanelWorld()
  for (const [index, signal] of signals.entries())
    for (const listener of process.listeners(signal)) if (ours[index]?.includes(listener) !== true) process.off(signal, listener)
  return world
}
