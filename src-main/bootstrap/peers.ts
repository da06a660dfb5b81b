import { PassThrough } from 'node:stream'
import { ClusterError } from '../../runtime/base/errors.ts'
import type { HostConnection } from '../ssh/host-connection.ts'
import type { MachineTarget, OperationInput } from './operation-input.ts'
import { archiveFile } from './paths.ts'
import { peerServerCommand, peerServerInput } from './scripts/peer-scripts.ts'

type Serving = { readonly port: number; readonly path: string }

/** Fetches that one server answers, over the whole operation. */
const mostFetches = 1_000
const startWithinMs = 15_000

/**
 * The machines that pass the archive on. A server is started on one when the first other is told to fetch there, and ends with its SSH
 * channel. It takes the head's port where that is free, as on workers: it is the one that a firewall between the machines lets through.
 */
export class Peers {
  readonly #servers = new Map<string, { readonly ready: Promise<Serving>; stop(): void }>()
  readonly #input: OperationInput
  readonly #randomHex: (bytes: number) => string

  constructor(input: OperationInput, randomHex: (bytes: number) => string) {
    this.#input = input
    this.#randomHex = randomHex
  }

  /** Where the archive can be fetched from that machine. @throws ClusterError `bootstrap.failed` */
  serve(peer: MachineTarget, connection: Promise<HostConnection>): Promise<Serving> {
    const known = this.#servers.get(peer.machineId)
    if (known) return known.ready
    const input = new PassThrough()
    const server = { ready: this.#start(peer, connection, input), stop: () => input.end() }
    this.#servers.set(peer.machineId, server)
    server.ready.catch(() => this.stop(peer.machineId))
    return server.ready
  }

  stop(machineId: string): void {
    this.#servers.get(machineId)?.stop()
    this.#servers.delete(machineId)
  }

  stopAll(): void {
    for (const machineId of this.#servers.keys()) this.stop(machineId)
  }

  async #start(peer: MachineTarget, connecting: Promise<HostConnection>, input: PassThrough): Promise<Serving> {
    const connection = await connecting
    const { root, payload: sha256, machineId, role } = peer
    const path = `/${this.#randomHex(16)}`
    const file = archiveFile(root, sha256, machineId)
    const ports = role === 'head' ? [] : [this.#input.ports.head]
    input.write(peerServerInput({ path, file, ports, fetches: mostFetches }))
    return new Promise((resolve, reject) => {
      const fail = (why: string) =>
        reject(new ClusterError('bootstrap.failed', `${peer.name} cannot pass the payload on: ${why}; it is sent from here instead`))
      const timer = setTimeout(() => fail('its file server did not start in time'), startWithinMs)
      const onLine = (line: string) => {
        const port = /^serving (\d+)$/.exec(line)?.[1]
        if (port === undefined) return
        clearTimeout(timer)
        resolve({ port: Number(port), path })
      }
      connection.exec(peerServerCommand({ root, sha256 }), { stdin: input, onLine, maxOutputBytes: 65_536 }).then(
        ({ code, stderr }) => fail(`its file server ended with ${code ?? 'a signal'} ${stderr.slice(-300)}`),
        (error: unknown) => fail(String(error)),
      )
    })
  }
}
