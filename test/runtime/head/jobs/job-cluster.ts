import { readdirSync, readFileSync } from 'node:fs'
import { afterAll } from 'vitest'
import * as z from 'zod'
import { JobDetails, JobStopResponse, JobSubmitResponse, isTerminalStatus } from '#runtime/api/jobs.ts'
import { ClusterError } from '#runtime/base/errors.ts'
import { ApiClient } from '#runtime/client/api-client.ts'
import { type ClusterOptions, startCluster, type TestCluster } from '#test/support/cluster.ts'

const clusters: TestCluster[] = []
afterAll(() => Promise.all(clusters.map((cluster) => cluster.stop())))

/** A real cluster with a client of its HTTP API. */
export class JobCluster {
  readonly cluster: TestCluster
  readonly api: ApiClient

  static async start(options: Partial<ClusterOptions> = {}): Promise<JobCluster> {
    const cluster = await startCluster({ nodes: [{ cpus: 2, config: { jobStopWaitMs: 700 } }], api: true, ...options })
    clusters.push(cluster)
    return new JobCluster(cluster)
  }

  constructor(cluster: TestCluster) {
    this.cluster = cluster
    this.api = new ApiClient({ url: cluster.apiUrl, token: cluster.token() })
  }

  async submit(request: { entrypoint: string } & Record<string, unknown>): Promise<string> {
    const answer = await this.api.sendJson({ method: 'POST', path: '/api/jobs/', json: request }, JobSubmitResponse)
    return answer.submission_id
  }
  get(id: string): Promise<JobDetails> {
    return this.api.getJson(`/api/jobs/${id}`, JobDetails)
  }
  async stop(id: string): Promise<boolean> {
    return (await this.api.sendJson({ method: 'POST', path: `/api/jobs/${id}/stop` }, JobStopResponse)).stopped
  }
  async log(id: string): Promise<string> {
    return (await this.api.getJson(`/api/jobs/${id}/logs`, z.object({ logs: z.string() }))).logs
  }

  /** What the tail sends until the job has ended; asked for again when the head went away. */
  async tail(id: string, onText: (soFar: string) => void = () => {}): Promise<string> {
    for (;;) {
      let text = ''
      try {
        for await (const part of await this.api.openSocket(`/api/jobs/${id}/logs/tail`)) {
          text += part
          onText(text)
        }
        return text
      } catch (error) {
        if (!(error instanceof ClusterError) || (error.code !== 'link.closed' && error.code !== 'head.unavailable')) throw error
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    }
  }

  /** How the job stands once it has ended, and its log. */
  async ended(id: string): Promise<JobDetails & { log: string }> {
    const log = await this.tail(id)
    const details = await this.get(id)
    if (!isTerminalStatus(details.status)) throw new Error(`the tail of ${id} ended while it was ${details.status}`)
    return { ...details, log }
  }

  /** Resolves when a line of the log begins with `text`: the command itself stands in it too, behind other words. */
  async logged(id: string, text: string): Promise<string> {
    return new Promise((resolve, reject) => {
      void this.tail(id, (soFar) => soFar.includes(`\n${text}`) && resolve(soFar)).then(
        (all) => (all.includes(`\n${text}`) ? resolve(all) : reject(new Error(`${id} ended without ${text}: ${all}`))),
        reject,
      )
    })
  }
}

/** Processes of this machine with `text` in their environment or command line. */
export function processesWith(text: string): number[] {
  return readdirSync('/proc').flatMap((name) => {
    const pid = Number(name)
    if (!Number.isInteger(pid) || pid === process.pid) return []
    try {
      if (/^\S+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))) return []
      const all = readFileSync(`/proc/${pid}/environ`, 'latin1') + readFileSync(`/proc/${pid}/cmdline`, 'latin1')
      return all.includes(text) ? [pid] : []
    } catch {
      return []
    }
  })
}

/** Looks again until it is so: the end of a process that is no child of ours can only be looked for. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>, withinMs = 20_000): Promise<void> {
  const untilMs = performance.now() + withinMs
  while (!(await isSo())) {
    if (performance.now() > untilMs) throw new Error(`waited in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
