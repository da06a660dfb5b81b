import { type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger } from '#runtime/base/logger.ts'
import { toClientFromAgent } from '#runtime/protocol/clients.ts'
import type { Resources, Shape } from '#runtime/protocol/scheduling.ts'
import { spawnDaemon } from '#runtime/session/daemon.ts'
import { makeSessionFolders, type SessionLayout, sessionLayout } from '#runtime/session/layout.ts'
import { runtimeNode } from '#runtime/session/daemon.ts'
import { dialUnix } from '#runtime/transport/dial.ts'
import type { Link, MessageOf } from '#runtime/transport/link.ts'
import { jobId, shapeOf } from './core/agent-core-harness.ts'

export const newId = (): string => randomBytes(28).toString('hex')
type FromAgent = MessageOf<typeof toClientFromAgent>
type HeadOptions = { readonly listen?: boolean; readonly config?: object }
type Running = { readonly child: ChildProcess; readonly facts: Record<string, unknown> }

/** A head and agents as real processes, each in a folder of its own. Dispose of it to end all of them. */
export class RealCluster {
  readonly #folders: string[] = []
  readonly #children: ChildProcess[] = []
  #head: ChildProcess | undefined
  headLayout!: SessionLayout // set by `start`

  static async start(options: HeadOptions = {}): Promise<RealCluster> {
    const cluster = new RealCluster()
    cluster.headLayout = cluster.newLayout()
    await cluster.startHead(options)
    return cluster
  }

  newLayout(): SessionLayout {
    const folder = mkdtempSync(join(tmpdir(), 'shoal-node-test-'))
    this.#folders.push(folder)
    const layout = sessionLayout(folder)
    makeSessionFolders(layout)
    return layout
  }

  async startHead({ listen = false, config = {} }: HeadOptions = {}): Promise<Running> {
    const args = ['--temp-dir', this.headLayout.tempDir, '--config', JSON.stringify(config), ...(listen ? ['--listen', '127.0.0.1:0'] : [])]
    const running = await this.#spawn('head', this.headLayout, args)
    this.#head = running.child
    return running
  }

  async killHead(): Promise<void> {
    if (this.#head) await endChild(this.#head, 'SIGKILL')
  }

  /** @param more flags on top of the ones every test wants. */
  async startAgent(
    layout: SessionLayout,
    options: { resources?: Resources; listen?: boolean; config?: object; more?: string[] } = {},
  ): Promise<Running> {
    const config = { workerCommand: [runtimeNode(), join(import.meta.dirname, 'tiny-worker.ts')], ...options.config }
    return this.#spawn('agent', layout, [
      ...['--temp-dir', layout.tempDir, '--head', `unix:${this.headLayout.headSocket}`, '--prefork', '0'],
      ...['--object-store-memory', '80000000', '--resources', JSON.stringify(options.resources ?? { CPU: 2 })],
      ...['--config', JSON.stringify(config), '--listen', options.listen ? '127.0.0.1:0' : 'none'],
      ...(options.more ?? []),
    ])
  }

  async #spawn(name: 'head' | 'agent', layout: SessionLayout, args: string[]): Promise<Running> {
    const running = await spawnDaemon({ name, args, logPath: join(layout.logDir, `${name}.log`), detached: false })
    this.#children.push(running.child)
    return running
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#children.reverse().map((child) => endChild(child, 'SIGTERM')))
    for (const folder of this.#folders) rmSync(folder, { recursive: true, force: true })
  }
}

export async function endChild(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.ref()
  child.kill(signal)
  await exited
}

/** A driver by hand: keeps what comes, and waits for what is to come. */
export class TestDriver {
  readonly workerId = newId()
  readonly nodeId: string
  readonly agentAddress: string
  readonly link: Link<FromAgent>
  readonly #seen: FromAgent[] = []
  #waiting: { accepts: (message: FromAgent) => boolean; resolve: (message: FromAgent) => void }[] = []

  private constructor(made: { link: Link<FromAgent>; workerId: string; nodeId: string; agentAddress: string }) {
    this.link = made.link
    this.workerId = made.workerId
    this.nodeId = made.nodeId
    this.agentAddress = made.agentAddress
    this.link.onMessage((message) => {
      this.#seen.push(message)
      this.#waiting = this.#waiting.filter(({ accepts, resolve }) => {
        if (!accepts(message)) return true
        resolve(message)
        return false
      })
    })
  }

  static async connect(layout: SessionLayout): Promise<TestDriver> {
    const workerId = newId()
    const dialed = await dialUnix(layout.agentSocket, { hello: { role: 'driver', workerId, version: 'test' } })
    const link = dialed.link({ incoming: toClientFromAgent, logger: silentLogger })
    return new TestDriver({
      link,
      workerId,
      nodeId: dialed.answer.nodeId ?? '',
      agentAddress: String(dialed.answer.details?.['agentAddress'] ?? ''),
    })
  }

  /** The first message of this type, seen already or to come. */
  next<Type extends FromAgent['type']>(type: Type, isIt: (message: Extract<FromAgent, { type: Type }>) => boolean = () => true) {
    type Wanted = Extract<FromAgent, { type: Type }>
    const accepts = (message: FromAgent) => message.type === type && isIt(message as Wanted) // its type was compared
    const seen = this.#seen.find(accepts)
    if (seen) return Promise.resolve(seen as Wanted)
    return new Promise<Wanted>((resolve) => this.#waiting.push({ accepts, resolve: (message) => resolve(message as Wanted) }))
  }

  askForLease(requestId: string, shape: Shape = shapeOf({ CPU: 1 })): void {
    this.link.send({ type: 'lease.request', requestId, ownerId: this.workerId, jobId, shape, spills: 0, backlog: 1, retriable: true })
  }
}

/** Pids of the workers that write logs here. */
export const workerPids = (layout: SessionLayout): number[] =>
  readdirSync(layout.logDir)
    .flatMap((name) => /^worker-[0-9a-f]{56}-[0-9a-f]{8}-(\d+)\.out$/.exec(name)?.[1] ?? [])
    .map(Number)
