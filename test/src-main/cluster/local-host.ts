import { spawn } from 'node:child_process'
import { ClusterError } from '#runtime/base/errors.ts'
import type { ExecResult, HostConnection } from '#src-main/ssh/host-connection.ts'
import { directTunnel } from './direct.ts'

/** What the cluster's folder needs of a host, done on this machine by real shells and real sockets. `cut` breaks it as a lost link does. */
export class LocalHost implements Pick<HostConnection, 'script' | 'openTunnel' | 'close' | 'closed'> {
  readonly closed: Promise<Error | null>
  readonly #streams = new Set<{ destroy(): void }>()
  #end: (error: Error | null) => void = () => {}
  #isClosed = false
  /** Where tunnels really lead, by the port that is asked for. */
  readonly #ports: (port: number) => number

  constructor(ports: (port: number) => number = (port) => port) {
    this.#ports = ports
    this.closed = new Promise((resolve) => (this.#end = resolve))
  }

  script(text: string, args: readonly string[] = []): Promise<ExecResult> {
    if (this.#isClosed) return Promise.reject(new ClusterError('ssh.connection-lost', 'the link is cut'))
    return new Promise((resolve, reject) => {
      const child = spawn('/bin/sh', ['-s', '--', ...args], { stdio: ['pipe', 'pipe', 'pipe'] })
      const texts = { stdout: '', stderr: '' }
      for (const name of ['stdout', 'stderr'] as const)
        child[name].setEncoding('utf8').on('data', (chunk: string) => (texts[name] += chunk))
      child.once('error', reject)
      child.once('close', (code, signal) => resolve({ code, signal, ...texts, isTruncated: false }))
      child.stdin.end(text)
    })
  }

  async openTunnel(_host: string, port: number) {
    if (this.#isClosed) throw new ClusterError('ssh.connection-lost', 'the link is cut')
    const stream = await directTunnel(this.#ports(port)).catch((error: unknown) => {
      throw new ClusterError('ssh.tunnel-refused', `nothing listens on port ${port}`, { cause: error })
    })
    this.#streams.add(stream)
    stream.once('close', () => this.#streams.delete(stream))
    stream.on('error', () => {}) // cut on purpose
    return stream
  }

  get openStreams(): number {
    return this.#streams.size
  }

  cut(): void {
    this.#finish(new ClusterError('ssh.connection-lost', 'the link is cut'))
  }

  close(): void {
    this.#finish(null)
  }

  #finish(error: Error | null): void {
    this.#isClosed = true
    for (const stream of this.#streams) stream.destroy()
    this.#end(error)
  }
}
