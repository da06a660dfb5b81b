// Makes a cluster out of many hosts with real SSH servers, once with scp and ssh alone and once with the panel's host; prints both times,
// their ratio, and how long the panel's event loop was held up meanwhile. Needs root, for network namespaces.
// node test/bench/ssh-hosts.ts [--hosts 50] [--only-ours]
import { spawn } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import type { Operation } from '#src-main/contract/operations.ts'
import { Slots } from '#src-main/ssh/slots.ts'
import { type Bed, createBed, whyNoBed } from '#test/support/bed/bed.ts'
import type { BedHost } from '#test/support/bed/bed-host.ts'
import { ended, openTestPanel, specOfHost, storyOf, type TestPanel } from '#test/support/panel.ts'
import { ensurePayload } from '#test/support/payload.ts'

const { values } = parseArgs({ options: { hosts: { type: 'string', default: '50' }, 'only-ours': { type: 'boolean', default: false } } })
const count = Number(values.hosts)
const atOnce = 12
const longestMs = 1_200_000

const missing = whyNoBed()
if (missing !== undefined) {
  console.error(`skipped: needs ${missing}`)
  process.exit(0)
}
const payloadFolder = await ensurePayload()
const raw = values['only-ours'] ? undefined : await withBed(byHand)
const ours = await withBed(byPanel)
const beside = raw === undefined ? {} : { rawS: round(raw), ratio: round(ours.wallS / raw) }
console.log(JSON.stringify({ hosts: count, ...ours, ...beside }))

async function withBed<T>(work: (bed: Bed) => Promise<T>): Promise<T> {
  const names = Array.from({ length: count }, (_, index) => `n${String(index + 1).padStart(2, '0')}`)
  const bed = await createBed({ hosts: names.map((name) => ({ name, shmBytes: 128 * 1024 * 1024 })) })
  try {
    return await work(bed)
  } finally {
    await bed.close()
  }
}

/** As a person with a shell would: twelve at a time, each with scp, then tar and start over ssh. Seconds. */
async function byHand(bed: Bed): Promise<number> {
  const archive = readdirSync(payloadFolder).find((name) => name.endsWith(`linux-${process.arch}.tar.gz`)) ?? ''
  const knownHosts = join(bed.folder, 'known_hosts')
  writeFileSync(knownHosts, bed.knownHosts)
  const ssh = ['-q', '-i', bed.keyFile, '-o', `UserKnownHostsFile=${knownHosts}`, '-o', 'BatchMode=yes']
  const sized = '--num-cpus 1'
  const start = async (host: BedHost, flags: string) => {
    const place = `${host.user}@${host.address}`
    await run('scp', [...ssh, join(payloadFolder, archive), `${place}:payload.tar.gz`])
    const script = `mkdir raw && gzip -dc payload.tar.gz | tar -x -C raw && raw/*/bin/shoal start --json ${flags} --node-ip-address ${host.address} --agent-port 6380`
    await run('ssh', [...ssh, place, script])
  }
  const [head, ...workers] = bed.hosts
  if (!head) throw new Error('a cluster needs a host')
  const begunAtMs = performance.now()
  await start(head, `--head ${sized}`)
  const token = (await run('ssh', [...ssh, `${head.user}@${head.address}`, 'raw/*/bin/shoal token'])).trim()
  const slots = new Slots(atOnce, 'others')
  const joinOne = async (host: BedHost) => {
    const release = await slots.take()
    await run('ssh', [...ssh, `${host.user}@${host.address}`, `umask 077; echo ${token} > token`])
    await start(host, `--address ${head.address}:6379 --join-token-file token ${sized}`)
    release()
  }
  await Promise.all(workers.map(joinOne))
  return (performance.now() - begunAtMs) / 1_000
}

async function byPanel(bed: Bed) {
  const panel = await openTestPanel({ payloadFolder, isWatching: true, checkOutputs: false })
  const { host } = panel
  try {
    const machines = await host.call('machines.add', { machines: bed.hosts.map((each) => specOfHost(bed, each)) })
    const [head = '', ...workers] = machines.map(({ id }) => id)
    let told = 0
    host.hub.subscribe('operations', {}, ({ events }) => void (told += events.length))
    const loop = monitorEventLoopDelay({ resolution: 5 })
    loop.enable()
    const begunAtMs = performance.now()
    const { operationId } = await host.call('clusters.create', { spec: { name: 'lab', head, workers } })
    const checkedS = (performance.now() - begunAtMs) / 1_000
    const operation = await endOf(host, operationId)
    const wallS = (performance.now() - begunAtMs) / 1_000
    loop.disable()
    if (operation.state !== 'done') throw new Error(storyOf(operation))
    const rssMb = Math.round(process.memoryUsage().rss / 1e6)
    const down = await host.call('clusters.down', { cluster: 'lab' })
    const left = await ended(host, down.operationId, longestMs)
    if (left.state !== 'done') throw new Error(storyOf(left))
    const loopMs = { p50: round(loop.percentile(50) / 1e6), p99: round(loop.percentile(99) / 1e6), max: round(loop.max / 1e6) }
    return {
      wallS: round(wallS),
      checkedS: round(checkedS),
      loopMs,
      rssMb,
      told,
      stepS: stepSeconds(operation),
      sources: sourcesOf(operation),
    }
  } finally {
    await panel.dispose()
  }
}

/** As a screen would learn of it: from the topic, not by asking again and again. */
async function endOf(host: TestPanel['host'], operationId: string): Promise<Operation> {
  await new Promise<void>((resolve) => {
    host.hub.subscribe('operations', { since: 0 }, ({ events }) => {
      for (const event of events) {
        const { id, value } = JSON.parse(event) as { id: string; value: Operation } // of the panel's own contract
        if (id === operationId && value.state !== 'running') resolve()
      }
    })
  })
  return host.call('operations.get', { operationId })
}

/** Mean seconds of each step over all machines. */
function stepSeconds({ machines }: Operation): Record<string, number> {
  const sums = new Map<string, { sum: number; count: number }>()
  for (const step of machines.flatMap(({ steps }) => steps)) {
    if (step.startedAtMs === null || step.endedAtMs === null) continue
    const { sum, count: before } = sums.get(step.id) ?? { sum: 0, count: 0 }
    sums.set(step.id, { sum: sum + step.endedAtMs - step.startedAtMs, count: before + 1 })
  }
  return Object.fromEntries([...sums].map(([id, { sum, count: steps }]) => [id, round(sum / steps / 1_000)]))
}

function sourcesOf({ machines }: Operation): Record<string, number> {
  const notes = machines.flatMap(({ steps }) =>
    steps.filter(({ id }) => id === 'upload').map(({ note }) => (note?.includes('here') ? 'here' : 'peer')),
  )
  return { here: notes.filter((each) => each === 'here').length, peer: notes.filter((each) => each === 'peer').length }
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}

function run(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    const said = { stdout: '', stderr: '' }
    child.stdout.setEncoding('utf8').on('data', (text: string) => void (said.stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => void (said.stderr += text))
    child.once('error', reject)
    child.once('close', (code) =>
      code === 0 ? resolve(said.stdout) : reject(new Error(`${command} ended with ${code}: ${said.stderr}${said.stdout}`)),
    )
  })
}
