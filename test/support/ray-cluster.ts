import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { sessionLayout } from '#runtime/session/layout.ts'
import type { ClusterOptions, NodeOptions, TestCluster, TestNode } from './cluster.ts'

const script = fileURLToPath(new URL('ray_cluster.py', import.meta.url))
const megabyte = 1024 * 1024
/** Ray refuses less. */
const leastStoreBytes = 80 * megabyte

/** Old versions of Ray take a minute to see that a node is gone. */
const soonDead = { RAY_health_check_initial_delay_ms: '1000', RAY_health_check_period_ms: '1000' }

/** Nodes of a real Ray cluster, for programs that ask for nodes of ours. What is of our daemons alone is refused. */
export async function startRayCluster({ nodes }: ClusterOptions): Promise<RayCluster> {
  const cluster = new RayCluster()
  try {
    for (const node of nodes) await cluster.addNode(node)
    return cluster
  } catch (error) {
    await cluster.stop()
    throw error
  }
}

export class RayCluster implements TestCluster {
  readonly #process: ChildProcess
  readonly #lines: AsyncIterator<string>
  readonly #all: TestNode[] = []
  readonly #gone = new Set<TestNode>()
  /** For files of tests: Ray has its own. */
  readonly tempDir = mkdtempSync(join(tmpdir(), 'shoal-test-'))
  readonly apiUrl = ''
  readonly headPid = 0
  address = ''

  constructor() {
    const env = { ...process.env, ...soonDead }
    this.#process = spawn(process.env['SHOAL_RAY_PYTHON'] ?? 'python3', [script], { stdio: ['pipe', 'pipe', 'inherit'], env })
    const lines: Interface = createInterface({ input: this.#process.stdout as NodeJS.ReadableStream }) // a pipe, as asked for
    this.#lines = lines[Symbol.asyncIterator]()
  }

  get nodes(): readonly TestNode[] {
    return this.#all.filter((node) => !this.#gone.has(node))
  }

  async addNode(options: NodeOptions = {}): Promise<TestNode> {
    const { cpus = 1, gpus = 0, objectStoreBytes = 0, resources = {}, labels } = options
    const facts = await this.#order({
      do: 'add',
      node: {
        num_cpus: cpus,
        num_gpus: gpus,
        resources,
        object_store_memory: Math.max(objectStoreBytes, leastStoreBytes),
        ...(labels === undefined ? {} : { labels }),
        ...(this.#all.length === 0 ? { include_dashboard: false } : {}),
      },
    })
    this.address = String(facts['address'])
    const child = this.#process
    const node = { nodeId: String(facts['nodeId']), tempDir: '', layout: sessionLayout('/nowhere'), child, pid: 0, options }
    this.#all.push(node)
    return node
  }

  async killNode(node: TestNode): Promise<void> {
    this.#gone.add(node)
    await this.#order({ do: 'kill', index: this.#all.indexOf(node) })
  }

  async stopNode(node: TestNode): Promise<void> {
    this.#gone.add(node)
    await this.#order({ do: 'stop', index: this.#all.indexOf(node) })
  }

  /** Ends the raylet of a node alone: what else runs there has to notice. */
  async killRaylet(node: TestNode): Promise<void> {
    await this.#order({ do: 'kill-process', kind: 'raylet', index: this.#all.indexOf(node) })
  }

  /** Ends Ray's head process, the GCS, alone. */
  async killHead(): Promise<void> {
    await this.#order({ do: 'kill-process', kind: 'gcs_server', index: 0 })
  }

  token = (): string => refuse('token')
  restartNode = (): Promise<TestNode> => refuse('restartNode')
  restartHead = (): Promise<void> => refuse('restartHead')

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const ended = new Promise<void>((resolve) => this.#process.once('exit', () => resolve()))
    this.#process.stdin?.end()
    await ended
    rmSync(this.tempDir, { recursive: true, force: true })
  }

  async #order(order: object): Promise<Record<string, unknown>> {
    this.#process.stdin?.write(`${JSON.stringify(order)}\n`)
    for (;;) {
      const { value, done } = await this.#lines.next()
      if (done === true) throw new Error('the nodes of Ray could not be started; what they said is above')
      if (String(value).startsWith('{')) return JSON.parse(String(value)) as Record<string, unknown> // as ray_cluster.py writes it; other lines are Ray's
    }
  }
}

function refuse(what: string): never {
  throw new Error(`${what} is of our own daemons, and this cluster is one of Ray`)
}
