import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import type { Socket } from 'node:net'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ClusterError } from '../../base/errors.ts'
import { runtimeNode } from '../../session/daemon.ts'
import type { EmbeddedOptions } from '../client/embedded-cluster.ts'
import { warmUpCapture } from '../closure/capture.ts'
import { refuseMixed } from '../client/connect-driver.ts'
import { ObjectRef } from '../object-ref.ts'
import { Refused } from './bridge-link.ts'
import type { FailureRecord, FromBridge } from './messages.ts'
import { RayBackend } from './ray-backend.ts'
import { RayClient } from './ray-client.ts'

export type RayOptions = EmbeddedOptions & {
  /** `host:port` of the head of a Ray cluster, or `'auto'` for the node of one that runs on this machine. @default a cluster of its own on this machine */
  readonly address?: string
  readonly tempDir?: string
  readonly namespace?: string
  readonly onWarning?: (message: string) => void
  /** A Python that has `ray`. @default the variable SHOAL_RAY_PYTHON, else `python3` */
  readonly rayPython?: string
}

/** Whether a program and this file have one SDK between them: a tool may load the two apart, and then neither knows the refs of the other. */
export const isOfThisSdk = (refClass: unknown): boolean => refClass === ObjectRef

/**
 * Joins a Ray cluster, or starts one on this machine. `onClosed` is called when the program leaves it, and with the reason when it is lost.
 * @throws ClusterError `cluster.start-failed` when there is no such Python, or Ray refused; `bad-argument`.
 */
export async function connectRay(options: RayOptions, onClosed: (why?: string) => void): Promise<RayBackend> {
  const address = options.address ?? process.env['RAY_ADDRESS']
  refuseMixed(options, address)
  if (address?.startsWith('ray://')) {
    const why = "cannot be joined by programs of Shoal; run the program on a node of the cluster, with address 'auto'"
    throw new ClusterError('bad-argument', `${address} is an address of Ray Client, which ${why}`)
  }
  const warn = options.onWarning ?? ((message: string) => void process.stderr.write(`shoal: ${message}\n`))
  if (options.infeasibleTimeout !== undefined) warn('infeasibleTimeout does nothing on Ray, where what no node can run waits for ever')
  const python = options.rayPython ?? process.env['SHOAL_RAY_PYTHON'] ?? 'python3'
  let isLeaving = false
  const onGone = () => {
    if (isLeaving) return
    const { message } = client.link.goneError()
    warn(message)
    onClosed(message)
  }
  const child = startBridge(python)
  const client = await greet(child, { options: { ...options, ...(address === undefined ? {} : { address }) }, python, onGone })
  setImmediate(warmUpCapture) // the first function travels some 50 ms sooner
  return new RayBackend(client, async () => {
    isLeaving = true
    onClosed()
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    child.ref()
    client.close()
    if (child.exitCode === null && child.signalCode === null) await ended
  })
}

/** A session of its own: a Ctrl-C is the program's to answer, and the bridge ends when the program closes the line. */
function startBridge(python: string): ChildProcess {
  const folder = bridgeFolder()
  return spawn(python, [join(folder, 'driver.py')], {
    stdio: ['ignore', 2, 2, 'pipe'],
    detached: true,
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', RAY_IGNORE_UNHANDLED_ERRORS: '1' },
  })
}

/** Ray does not tell a program why it was not let in; it only logs that. */
const whatItMayWant =
  'A cluster that wants a token wants RAY_AUTH_MODE=token and RAY_AUTH_TOKEN_PATH in the environment of the program, one with TLS what RAY_USE_TLS needs.'

type Greeting = { readonly options: RayOptions; readonly python: string; readonly onGone: () => void }

/** Resolves when Ray has let this program in. */
function greet(child: ChildProcess, { options, python, onGone }: Greeting): Promise<RayClient> {
  const socket = child.stdio[3] as Socket // a pipe, as asked for
  return new Promise((resolve, reject) => {
    const cannot = (why: string) => {
      const advice = 'Install ray for it, or set SHOAL_RAY_PYTHON to a Python that has it'
      reject(new ClusterError('cluster.start-failed', `${python} could not be made the bridge to Ray: ${why}. ${advice}.`))
    }
    child.once('error', (error) => cannot(error.message))
    child.once('exit', (code, signal) => cannot(`it ended with ${signal ?? `code ${code}`}; its words are above`))
    const refuse = async (record: FailureRecord) => {
      const cause = await client.errors.toThrow({ failure: client.failureOf(new Refused(record, undefined)), objectId: '' })
      const advice = `${cause.message.replace(/\.$/, '')}. Its words above may say more. ${whatItMayWant}`
      reject(new ClusterError('cluster.start-failed', `Ray did not let this program in: ${advice}`, { cause }))
    }
    let isWelcome = false
    const onMessage = (message: FromBridge) => {
      if (message.type === 'refused') void refuse(message.record)
      else if (message.type === 'actor.made') client.actorMade(message)
      else if (message.type === 'welcome') {
        isWelcome = true
        client.enter(message)
        child.unref()
        socket.unref()
        resolve(client)
      }
    }
    const modules = { importModule: (specifier: string) => import(specifier) }
    const client: RayClient = new RayClient(socket, modules, { onMessage, onClosed: () => (isWelcome ? onGone() : undefined) })
    client.link.send({ type: 'hello', command: workerCommand(), ...joinFields(options) })
  })
}

function joinFields(options: RayOptions): object {
  const { address, namespace, numCpus, numGpus, memory, resources, labels, objectStoreMemory, tempDir } = options
  const embedded = { numCpus, numGpus, memory, resources, labels, objectStoreMemory, tempDir }
  return { namespace, ...(address === undefined ? embedded : { address }) }
}

const here = dirname(fileURLToPath(import.meta.url))

/** Beside us when bundled, else in the source. */
function bridgeFolder(): string {
  const bundled = join(here, 'ray-bridge')
  return existsSync(bundled) ? bundled : join(here, '..', '..', 'ray-bridge')
}

/** How Ray's workers start Node: the same files at the same place on every node. */
function workerCommand(): string[] {
  const bundled = join(here, 'ray-worker.mjs')
  if (existsSync(bundled)) return [runtimeNode(), '--no-warnings', bundled]
  return [runtimeNode(), '--no-warnings', '--conditions=shoal-source', join(here, '..', '..', 'worker', 'ray', 'main.ts')]
}
