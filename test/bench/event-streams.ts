// Task attempts stream into a real head at a fixed pace while many clients follow its event stream; says what was lost and how late it was.
// node test/bench/event-streams.ts [--per-second 10000] [--seconds 60] [--streams 20]
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { WebSocket } from 'ws'
import { silentLogger } from '#runtime/base/logger.ts'
import { createTaskIds } from '#runtime/base/ids.ts'
import { NodeRegistered, toAgentFromHead } from '#runtime/protocol/nodes.ts'
import { TaskReportBuffer } from '#runtime/protocol/task-reports.ts'
import { stateCodes } from '#runtime/base/task-states.ts'
import { tokenFileOf } from '#runtime/session/api-tokens.ts'
import { spawnDaemon } from '#runtime/session/daemon.ts'
import { makeSessionFolders, sessionLayout } from '#runtime/session/layout.ts'
import { dialUnix } from '#runtime/transport/dial.ts'
import { packPlain } from '#runtime/transport/packed.ts'

const { values } = parseArgs({
  options: {
    'per-second': { type: 'string', default: '10000' },
    seconds: { type: 'string', default: '60' },
    streams: { type: 'string', default: '20' },
    follow: { type: 'string' },
  },
})
const perSecond = Number(values['per-second'])
const seconds = Number(values.seconds)
const streams = Number(values.streams)
const total = perSecond * seconds
const batchMs = 50
const mark = Buffer.from('{"seq":')

if (values.follow === undefined) await lead()
else follow(JSON.parse(values.follow) as { url: string; token: string })

async function lead(): Promise<void> {
  const layout = sessionLayout(mkdtempSync(join(tmpdir(), 'shoal-event-bench-')))
  makeSessionFolders(layout)
  process.once('exit', () => rmSync(layout.tempDir, { recursive: true, force: true }))
  const head = await spawnDaemon({
    name: 'head',
    args: ['--temp-dir', layout.tempDir, '--dashboard-host', '127.0.0.1', '--dashboard-port', '0'],
    logPath: join(layout.logDir, 'head.log'),
    detached: false,
  })
  const target = { url: `ws://${String(head.facts['apiAddress'])}`, token: readFileSync(tokenFileOf(layout, 'full'), 'utf8').trim() }
  const sameArgs = ['--per-second', String(perSecond), '--seconds', String(seconds), '--streams', String(streams)]
  const follower = fork(import.meta.filename, [...sameArgs, '--follow', JSON.stringify(target)])
  await new Promise<void>((resolve) => follower.once('message', () => resolve()))
  const finished = new Promise<object>((resolve) => follower.once('message', (result) => resolve(result as object)))
  const cpuBefore = cpuSeconds(Number(head.facts['pid']))
  await feed(layout.headSocket)
  const result = await finished
  const usedS = cpuSeconds(Number(head.facts['pid'])) - cpuBefore
  const rss = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${Number(head.facts['pid'])}/status`, 'utf8'))?.[1]) * 1_024
  console.log(
    JSON.stringify({ perSecond, seconds, streams, ...result, headCores: +(usedS / seconds).toFixed(2), headRssMb: Math.round(rss / 1e6) }),
  )
  head.child.ref()
  const exited = once(head.child, 'exit')
  head.child.kill('SIGTERM')
  await exited // it writes to its folder until then
}

/** As an agent with one busy worker does: a batch every 50 ms. */
async function feed(socketPath: string): Promise<void> {
  const nodeId = 'a'.repeat(56)
  const workerId = 'b'.repeat(56)
  const dialed = await dialUnix(socketPath, { hello: { role: 'agent', nodeId, version: 'bench' } })
  const link = dialed.link({ incoming: toAgentFromHead, logger: silentLogger, peer: 'head' })
  link.onMessage(() => {})
  const facts = {
    ...{ nodeId, agentAddress: '', hostname: 'bench', pid: process.pid, isHead: false, resources: { CPU: 1 }, labels: {} },
    ...{ objectStoreBytes: 0, startedAtMs: Date.now(), nodeName: 'bench', version: 'bench' },
  }
  await link.request(
    { type: 'node.register', facts, available: { CPU: 1 }, actors: [], actorsEnded: [], bundles: [], clients: [] },
    { reply: NodeRegistered },
  )
  const heartbeat = setInterval(
    () =>
      link.send({ type: 'node.reported', nodeId, sequence: Date.now(), available: { CPU: 1 }, demand: [], storeUsedBytes: 0, workers: 1 }),
    500,
  )
  const nextId = createTaskIds((bytes) => Buffer.alloc(bytes, 7).toString('hex'), '00000001')
  const kind = { name: 'step' }
  const perBatch = Math.round((perSecond * batchMs) / 1_000)
  const startedMs = performance.now()
  for (let sent = 0; sent < total; sent += perBatch) {
    const buffer = new TaskReportBuffer(perBatch)
    const now = Date.now()
    for (let index = 0; index < perBatch; index += 1) {
      buffer.add(
        { taskId: nextId(), attempt: 0, state: stateCodes.RUNNING, createdMs: now, submittedMs: now, startedMs: now, endedMs: 0 },
        kind,
        () => kind,
      )
    }
    const taken = buffer.take(false)
    if (taken === undefined) continue
    const { reports, dropped, firstMs, lastMs } = taken
    link.send({ type: 'events.batch', nodeId, workerId, pid: 1, count: perBatch, dropped, firstMs, lastMs, packed: packPlain(reports) })
    const dueMs = startedMs + ((sent + perBatch) / perSecond) * 1_000
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, dueMs - performance.now())))
  }
  clearInterval(heartbeat)
  link.close()
}

/** Every stream checks that numbers go on without a gap and counts its events; the first looks at how late they are. */
function follow({ url, token }: { url: string; token: string }): void {
  const counts = Array.from({ length: streams }, () => 0)
  const lateMs: number[] = []
  let gaps = 0
  let open = 0
  let done = 0
  for (let index = 0; index < streams; index += 1) {
    const socket = new WebSocket(`${url}/api/shoal/v1/events?kinds=task&since=latest`, {
      headers: { authorization: `Bearer ${token}` },
      perMessageDeflate: false,
    })
    let last: number | undefined
    socket.on('message', (data) => {
      const nowMs = Date.now()
      const bytes = data as Buffer
      const head = /^\{"type":"batch","from":(\d+),"to":(\d+),/.exec(bytes.toString('latin1', 0, 80))
      if (head === null) return
      if (last !== undefined && Number(head[1]) !== last + 1) gaps += 1
      last = Number(head[2])
      if (index === 0) {
        const { events } = JSON.parse(bytes.toString()) as { events: { atMs: number; type: string }[] }
        for (const event of events) if (event.type === 'running') lateMs.push(nowMs - event.atMs)
        counts[index] = (counts[index] ?? 0) + events.length
      } else for (let at = bytes.indexOf(mark); at >= 0; at = bytes.indexOf(mark, at + 200)) counts[index] = (counts[index] ?? 0) + 1 // no event is shorter
      if ((counts[index] ?? 0) >= total) {
        done += 1
        if (done === streams) finish()
      }
    })
    socket.once('open', () => {
      open += 1
      if (open === streams) process.send?.('open')
    })
    socket.once('close', (code) => console.error(`stream ${index} closed with ${code}`))
  }
  const timer = setTimeout(finish, (seconds + 15) * 1_000)
  function finish(): void {
    clearTimeout(timer)
    lateMs.sort((one, other) => one - other)
    const at = (share: number) => lateMs[Math.floor(lateMs.length * share)]
    const lost = counts.map((count) => total - count)
    process.send?.(
      {
        followerCores: +((process.cpuUsage().user + process.cpuUsage().system) / 1e6 / seconds).toFixed(2),
        gaps,
        lost: Math.max(...lost),
        p50Ms: at(0.5),
        p95Ms: at(0.95),
        p99Ms: at(0.99),
        maxMs: lateMs.at(-1),
      },
      () => process.exit(0),
    )
  }
}

function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / 100
}
