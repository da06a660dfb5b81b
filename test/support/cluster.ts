import type { ChildProcess } from 'node:child_process'
import { createRequire } from 'node:module'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { spawnDaemon } from '#runtime/session/daemon.ts'
import { tokenFileOf } from '#runtime/session/api-tokens.ts'
import { makeSessionFolders, sessionLayout, type SessionLayout } from '#runtime/session/layout.ts'
import { endProcess, type ProcessRecord } from '#runtime/session/process-record.ts'
import { startRayCluster } from './ray-cluster.ts'

export type NodeOptions = {
  /** @default 1 */
  readonly cpus?: number
  readonly gpus?: number
  /** Bytes of shared memory. @default 64 MiB */
  readonly objectStoreBytes?: number
  /** Custom resources. */
  readonly resources?: Readonly<Record<string, number>>
  readonly labels?: Readonly<Record<string, string>>
  readonly name?: string
  /** Settings of the agent, by their names in `AgentSettings`. */
  readonly config?: Readonly<Record<string, number | string>>
  /** Where it listens, and under which others reach it. @default 127.0.0.1 */
  readonly host?: string
}

export type ClusterOptions = {
  /** The first one is on the head's machine, and drivers join there. */
  readonly nodes: readonly NodeOptions[]
  /** Settings of the head, by their names in `HeadConfig`. */
  readonly headConfig?: Readonly<Record<string, number>>
  /** Where the head listens. @default 127.0.0.1 */
  readonly host?: string
  /** Serve the HTTP API, on a free port of loopback. @default false */
  readonly api?: boolean
}

export type TestNode = {
  readonly nodeId: string
  readonly tempDir: string
  readonly layout: SessionLayout
  readonly child: ChildProcess
  readonly pid: number
  readonly options: NodeOptions
}

/**
 * A cluster of real daemons on this machine. Each node has a folder of its own, and all but the first join over TLS with the token, as
 * other machines do. The daemons end with this process, however it ends.
 */
export type TestCluster = {
  /** `host:port` of the head, for `init({ address, tempDir })`. */
  readonly address: string
  /** Of the first node: where drivers join. */
  readonly tempDir: string
  /** Those that were not stopped or killed. */
  readonly nodes: readonly TestNode[]
  readonly headPid: number
  /** `http://host:port` of the HTTP API; empty without one. A head that is started again has the same. */
  readonly apiUrl: string
  /** Of the HTTP API. */
  token(access?: 'full' | 'read'): string
  addNode(options?: NodeOptions): Promise<TestNode>
  /** Ends the node's agent at once, as a loss of power would; its workers end when they notice. */
  killNode(node: TestNode): Promise<void>
  /** Starts an agent in the folder of one that was killed or stopped. */
  restartNode(node: TestNode): Promise<TestNode>
  /** Tells the agent to leave, and waits until it has. */
  stopNode(node: TestNode): Promise<void>
  killHead(): Promise<void>
  /** Starts the head again in the folder and on the port it had. */
  restartHead(): Promise<void>
  /** Ends every process and removes every folder. */
  stop(): Promise<void>
}

export async function startCluster(options: ClusterOptions): Promise<TestCluster> {
  if (process.env['SHOAL_TEST_ENGINE'] === 'ray') return startRayCluster(options)
  const cluster = new LocalCluster(options)
  try {
    await cluster.restartHead()
    const [first = {}, ...others] = options.nodes
    await cluster.addNode(first)
    await cluster.addNodes(others)
    return cluster
  } catch (error) {
    await cluster.stop()
    throw error
  }
}

/** Of the SDK that a program here imports: the built one, unless it runs from source. */
function daemon<Name extends 'head' | 'agent'>(name: Name): { name: Name; script?: string } {
  const sdk = createRequire(import.meta.url).resolve('shoal')
  return sdk.endsWith('.mjs') ? { name, script: join(dirname(sdk), `${name}.mjs`) } : { name }
}

const megabyte = 1024 * 1024

class LocalCluster implements TestCluster {
  readonly tempDir = mkdtempSync(join(tmpdir(), 'shoal-test-'))
  readonly #layout = sessionLayout(this.tempDir)
  readonly #headConfig: Readonly<Record<string, number>>
  readonly #host: string
  readonly #hasApi: boolean
  readonly #folders = new Set([this.tempDir])
  readonly #nodes: TestNode[] = []
  #head: ChildProcess | undefined
  #started = 0
  address = ''
  apiUrl = ''

  constructor({ headConfig = {}, host = '127.0.0.1', api = false }: ClusterOptions) {
    this.#hasApi = api
    this.#headConfig = headConfig
    this.#host = host
    makeSessionFolders(this.#layout)
  }

  get nodes(): readonly TestNode[] {
    return this.#nodes
  }
  get headPid(): number {
    return this.#head?.pid ?? 0
  }

  token(access: 'full' | 'read' = 'full'): string {
    return readFileSync(tokenFileOf(this.#layout, access), 'utf8').trim()
  }

  async restartHead(): Promise<void> {
    const { tempDir, logDir } = this.#layout
    const api = this.#hasApi ? ['--dashboard-host', '127.0.0.1', '--dashboard-port', '0'] : []
    const args = ['--temp-dir', tempDir, '--listen', `${this.#host}:0`, '--config', JSON.stringify(this.#headConfig), ...api]
    const { child, facts } = await spawnDaemon({ ...daemon('head'), args, logPath: join(logDir, 'head.log'), detached: false })
    this.#head = child
    this.address = String(facts['address'])
    this.apiUrl = facts['apiAddress'] ? `http://${String(facts['apiAddress'])}` : ''
  }

  addNode(options: NodeOptions = {}): Promise<TestNode> {
    const isFirst = this.#started === 0
    this.#started += 1
    return this.#startNode(isFirst ? this.tempDir : mkdtempSync(join(tmpdir(), 'shoal-test-')), options)
  }

  /** Several at a time; they stand in `nodes` as they do here. */
  async addNodes(options: readonly NodeOptions[]): Promise<void> {
    const added = await Promise.all(options.map((each) => this.addNode(each)))
    for (const node of added) this.#forget(node)
    this.#nodes.push(...added)
  }

  restartNode(node: TestNode): Promise<TestNode> {
    return this.#startNode(node.tempDir, node.options)
  }

  async #startNode(tempDir: string, options: NodeOptions): Promise<TestNode> {
    this.#folders.add(tempDir)
    const layout = sessionLayout(tempDir)
    makeSessionFolders(layout)
    const isFirst = tempDir === this.tempDir
    const args = [
      '--temp-dir',
      tempDir,
      '--head',
      this.address,
      '--listen',
      `${options.host ?? '127.0.0.1'}:0`,
      '--join-token-file',
      this.#layout.joinToken,
      ...(isFirst ? ['--is-head'] : []),
      ...nodeArgs(options),
    ]
    const { child, facts } = await spawnDaemon({ ...daemon('agent'), args, logPath: join(layout.logDir, 'agent.log'), detached: false })
    const node = { nodeId: String(facts['nodeId']), tempDir, layout, child, pid: Number(facts['pid']), options }
    this.#nodes.push(node)
    return node
  }

  async killNode(node: TestNode): Promise<void> {
    this.#forget(node)
    await ended(node.child, () => node.child.kill('SIGKILL'))
  }

  async stopNode(node: TestNode): Promise<void> {
    this.#forget(node)
    await leave(node.child)
  }

  #forget(node: TestNode): void {
    const at = this.#nodes.indexOf(node)
    if (at >= 0) this.#nodes.splice(at, 1)
  }

  async killHead(): Promise<void> {
    const head = this.#head
    this.#head = undefined
    if (head) await ended(head, () => head.kill('SIGKILL'))
  }

  async stop(): Promise<void> {
    await Promise.all(this.#nodes.splice(0).map((node) => leave(node.child)))
    if (this.#head) await leave(this.#head)
    for (const folder of this.#folders) {
      const layout = sessionLayout(folder)
      for (const worker of workersOf(layout)) endProcess(worker, 'SIGKILL') // of agents that were killed and have no successor
      rmSync(folder, { recursive: true, force: true })
      rmSync(layout.socketDir, { recursive: true, force: true })
    }
  }
}

function nodeArgs({ cpus = 1, gpus, objectStoreBytes = 64 * megabyte, resources, labels, name, config }: NodeOptions): string[] {
  const all = { ...resources, CPU: cpus, ...(gpus === undefined ? {} : { GPU: gpus }) }
  return [
    ...['--resources', JSON.stringify(all), '--labels', JSON.stringify(labels ?? {})],
    ...['--object-store-memory', String(objectStoreBytes), '--config', JSON.stringify(config ?? {})],
    ...(name === undefined ? [] : ['--node-name', name]),
  ]
}

/** Processes of workers that an agent in this folder wrote down and did not end. */
function workersOf(layout: SessionLayout): readonly ProcessRecord[] {
  if (!existsSync(layout.workersRecord)) return []
  return JSON.parse(readFileSync(layout.workersRecord, 'utf8')) as ProcessRecord[] // the agent's own file
}

const leaveWithinMs = 10_000

/** Closes the pipe, which is the order to leave; ends what does not. */
async function leave(child: ChildProcess): Promise<void> {
  const timer = setTimeout(() => child.kill('SIGKILL'), leaveWithinMs)
  await ended(child, () => child.stdin?.end())
  clearTimeout(timer)
}

function ended(child: ChildProcess, begin: () => void): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    child.once('exit', () => resolve())
    child.ref()
    begin()
  })
}
