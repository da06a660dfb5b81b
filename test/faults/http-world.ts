// A cluster whose HTTP API is attacked, and the ways to ask it. Imported by the programs that attack it, each of which gets one of its own.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { Agent, type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import * as z from 'zod'
import { isTerminalStatus, JobDetails, JobLogsResponse, JobSubmitResponse, jobsPath } from '#runtime/api/jobs.ts'
import type { RouteRow } from '#runtime/api/routes/route-row.ts'
import { ApiClient } from '#runtime/client/api-client.ts'
import { until } from '../support/checks.ts'
import { startCluster } from '../support/cluster.ts'

/** Orders for a terminal, HTML, text that runs the other way, quotes: what a user may call something. */
export const evilText = '\u001b[31m\u0007\u009b2J\u202e<script>alert("1")</script>\'&\\`$(id)'

/** Printed with a failure by fast-check; set it to run the same inputs again. */
export const seed = Number(process.env['SHOAL_SEED'] ?? Date.now() % 1_000_000)

export const cluster = await startCluster({
  nodes: [{ cpus: 2, name: evilText, labels: { evil: evilText }, resources: { [evilText]: 1 }, config: { jobStopWaitMs: 700 } }],
  api: true,
  headConfig: { maxPackageBytes: 64 * 1024 * 1024 },
})
export const head = cluster.nodes[0] ?? assert.fail('no node')
export const api = new ApiClient({ url: cluster.apiUrl, token: cluster.token() })
export const tokens = { full: cluster.token(), read: cluster.token('read') }
const { hostname, port } = new URL(cluster.apiUrl)
export const place = { host: hostname, port: Number(port) }

/** Lies beside the logs; no answer may ever hold it. */
const outside = `outside-${tokens.read.slice(0, 8)}-secret`
writeFileSync(join(head.tempDir, 'secret.txt'), outside)
const forbidden = [outside, tokens.full, tokens.read, 'root:x:0:', 'failed inside the head']

export type Answer = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: string }
export type Ask = {
  readonly method?: string
  /** The full token is sent unless this says otherwise. */
  readonly headers?: OutgoingHttpHeaders
  readonly body?: string | Uint8Array
  readonly isSocket?: boolean
}

const agent = new Agent({ keepAlive: true, maxSockets: 32 })
const longestRead = 4 * 1024 * 1024
/** An answer that goes on for ever says nothing for so long. */
const silentMs = 1_500
const handshake = {
  upgrade: 'websocket',
  connection: 'Upgrade',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
}

/** One request; `path` goes out as it stands. Fails when the answer holds what it must not, or is HTML. */
export async function ask(path: string, { method = 'GET', headers, body, isSocket = false }: Ask = {}): Promise<Answer> {
  // Node states the length by itself only for methods that usually have a body; behind others it would send the bytes bare.
  const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }
  const sent = { authorization: `Bearer ${tokens.full}`, ...length, ...(isSocket ? handshake : {}), ...headers }
  const kept = Object.fromEntries(Object.entries(sent).filter(([, value]) => value !== undefined))
  const answer = await new Promise<Answer>((resolve, reject) => {
    const asked = request({ ...place, path, method, headers: kept, agent: isSocket ? false : agent })
    asked.once('error', reject)
    asked.once('upgrade', (upgraded, socket) => {
      socket.destroy()
      resolve({ status: 101, headers: upgraded.headers, body: '' })
    })
    asked.once('response', (response) => {
      let text = ''
      const done = () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text })
        if (!response.complete) response.destroy()
      }
      response.setTimeout(silentMs, done)
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part
        if (text.length > longestRead) done()
      })
      response.once('end', done).once('error', done)
    })
    asked.end(body)
  })
  assertInside(answer.body, `${method} ${path} answered ${answer.status}`)
  assert.doesNotMatch(String(answer.headers['content-type'] ?? ''), /html/, path)
  if (answer.status !== 101) assert.equal(answer.headers['x-content-type-options'], 'nosniff', path)
  return answer
}

/** Nothing of a file that is no log, no token, and no failure of ours. */
export function assertInside(said: string, about: string): void {
  const found = forbidden.find((text) => said.includes(text))
  assert.equal(found, undefined, `${about}: it holds ${found}`)
}

/** A bare connection. */
export function connectRaw(): Socket {
  const socket = connect(place)
  socket.on('error', () => {}) // most of them are cut off
  return socket
}

/** Texts of which one fits where a route wants an id, or a word. */
const likely = ['none', 'gcs', 'none.zip', 'summary', ...[8, 32, 36, 48, 56].map((length) => '0'.repeat(length))]
const fitting = (schema: z.core.$ZodType | undefined): string =>
  likely.find((text) => schema === undefined || z.core.safeParse(schema, text).success) ?? 'none'

/** A path of the route whose parameters are well formed and name nothing; `raw` stands in the place of one of them as it is. */
export const pathOf = ({ path, params }: RouteRow, raw: Readonly<Record<string, string>> = {}): string =>
  path.replaceAll(/\{([^}]+)\}/g, (_braces, name: string) => raw[name] ?? fitting(params?.shape[name]))

export const paramsOf = ({ path }: RouteRow): string[] => [...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name ?? '')

/** What the route cannot do without, and the node that there is where it may name one, so that a request gets past the first check. */
export function queryOf({ query }: RouteRow, without: string): string[] {
  return Object.entries(query?.shape ?? {}).flatMap(([name, schema]) => {
    if (name === without) return []
    if (name === 'node_id') return [`node_id=${head.nodeId}`]
    return z.core.safeParse(schema, undefined).success ? [] : [`${name}=${fitting(schema)}`]
  })
}

/** Resident memory of the head, in bytes. */
export function headMemory(): number {
  const text = readFileSync(`/proc/${cluster.headPid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(text)?.[1] ?? Number.NaN) * 1024
}

/** Calls `work` for each, so many at a time. */
export async function forAll<Item>(items: readonly Item[], atOnce: number, work: (item: Item) => Promise<void>): Promise<void> {
  let next = 0
  const one = async () => {
    for (let item = items[next++]; item !== undefined; item = items[next++]) await work(item)
  }
  await Promise.all(Array.from({ length: atOnce }, one))
}

/** Submits, and returns how the job ended, with its log. */
export async function runJob(json: Readonly<Record<string, unknown>>): Promise<JobDetails & { log: string }> {
  const { submission_id: id } = await api.sendJson({ method: 'POST', path: jobsPath, json }, JobSubmitResponse)
  const look = () => api.getJson(`${jobsPath}${id}`, JobDetails)
  await until(`${id} has ended`, async () => isTerminalStatus((await look()).status), 60_000)
  const { logs: log } = await api.getJson(`${jobsPath}${id}/logs`, JobLogsResponse)
  return { ...(await look()), log }
}

const pids = [cluster.headPid, head.pid]
/** The same processes still serve, and a job runs as ever. */
export async function nothingElseHappened(): Promise<void> {
  for (const pid of pids) assert.ok(process.kill(pid, 0), `process ${pid} is gone`)
  const job = await runJob({ entrypoint: 'echo as ever' })
  assert.equal(job.status, 'SUCCEEDED', job.message ?? '')
  assert.match(job.log, /\nas ever\n$/)
}

export async function endAttack(): Promise<void> {
  agent.destroy()
  await cluster.stop()
}
