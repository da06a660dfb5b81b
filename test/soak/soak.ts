import { setTimeout as delay } from 'node:timers/promises'
import { toError } from '#runtime/base/errors.ts'
import { checkNothingLeft, checkRecord, namesOfNodes, readCounts } from './end-checks.ts'
import { type FaultStory, faultsLeftOut, happen, killWorker } from './faults.ts'
import { judgeJob, type JobVerdict } from './judge-jobs.ts'
import { Load, type TrackedJob } from './load.ts'
import { Measures } from './measures.ts'
import type { SoakOptions } from './options.ts'
import { visitPages } from './page-visits.ts'
import { planFaults, planKills } from './plan.ts'
import { clusterName, SoakCluster } from './soak-cluster.ts'

export type JudgedJob = TrackedJob & { readonly verdict: JobVerdict }
export type SoakResult = {
  readonly seed: number
  readonly minutes: number
  readonly startedAtMs: number
  readonly endedAtMs: number
  readonly jobs: readonly JudgedJob[]
  readonly faults: readonly FaultStory[]
  readonly leftOut: readonly string[]
  readonly workersKilled: number
  readonly visits: number
  readonly measures: Measures
  /** What does not hold: nothing lost, nothing left behind, everything well again. Growth is judged by the report. */
  readonly violations: readonly string[]
}

const restWithinMs = 120_000
const recoverWithinMs = 120_000
const lineEveryMs = 10_000
/** Of a short run no minute would be left. */
const readEveryMs = (minutes: number): number => (minutes > 20 ? 30_000 : 10_000)

type Say = (line: string) => void
type Run = {
  readonly cluster: SoakCluster
  readonly options: SoakOptions
  readonly say: Say
  /** Called off by a person. */
  readonly signal: AbortSignal
  /** The time is over, or it was called off. */
  readonly over: AbortSignal
  readonly stories: FaultStory[]
  readonly violations: string[]
}

/** Makes the cluster, lets jobs and faults come for the time given, and looks what became of everything. @throws Error when it is called off */
export async function soak(options: SoakOptions, say: Say, signal: AbortSignal): Promise<SoakResult> {
  say(`seed ${options.seed}: a cluster of ${options.hosts} hosts is made`)
  const cluster = await SoakCluster.make(options.hosts, signal)
  try {
    return await soakOn(cluster, options, { say, signal })
  } finally {
    say('everything is removed')
    await cluster.close()
  }
}

async function soakOn(cluster: SoakCluster, options: SoakOptions, { say, signal }: { say: Say; signal: AbortSignal }): Promise<SoakResult> {
  const timeOver = new AbortController()
  const run: Run = { cluster, options, say, signal, over: AbortSignal.any([signal, timeOver.signal]), stories: [], violations: [] }
  const startedAtMs = Date.now()
  const [head] = cluster.hosts
  const leftOut = head ? faultsLeftOut(head) : []
  const measures = new Measures(cluster)
  const load = new Load(cluster, options.seed, signal)
  const timer = setTimeout(() => timeOver.abort(), options.minutes * 60_000)
  const lines = setInterval(() => say(liveLine(run, load, { measures, startedAtMs })), lineEveryMs)
  const reads = setInterval(() => measures.read(), readEveryMs(options.minutes))
  try {
    measures.readAtRest('start')
    const loading = load.run()
    loading.catch(() => {}) // awaited below
    const page = visitPages(cluster, measures, run.over)
    page.catch(() => {}) // the same
    const kills = killWorkers(run)
    await letFaultsHappen(
      run,
      leftOut.map(({ kind }) => kind),
    )
    const workersKilled = await kills
    const { visits, failures } = await page
    for (const failure of failures) run.violations.push(`the page: ${failure}`)
    signal.throwIfAborted()
    say('the time is over: nothing more is submitted, what runs is waited for')
    load.stop()
    await loading
    clearInterval(reads)
    run.violations.push(...(await leftAtRest(measures, signal)))
    const jobs = await judge(run, load.jobs)
    return {
      ...{ seed: options.seed, minutes: options.minutes, startedAtMs, endedAtMs: Date.now(), jobs, faults: run.stories },
      ...{ leftOut: leftOut.map(({ kind, why }) => `${kind}: ${why}`), workersKilled, visits, measures, violations: run.violations },
    }
  } finally {
    timeOver.abort()
    clearTimeout(timer)
    clearInterval(lines)
    clearInterval(reads)
  }
}

async function letFaultsHappen(run: Run, leftOut: Parameters<typeof planFaults>[2]): Promise<void> {
  const { cluster, options, say, over, stories, violations } = run
  await delay(5_000, undefined, { signal: over }).catch(() => {}) // called off
  for (const fault of planFaults(options.seed, options.hosts, leftOut)) {
    if (over.aborted) return
    const story: FaultStory = { kind: fault.kind, host: cluster.hosts[fault.host]?.name ?? '', atMs: Date.now() }
    stories.push(story)
    try {
      await happen(cluster, fault, { signal: over, onOver: () => (story.undoneAtMs = Date.now()) })
      await cluster.untilWell(recoverWithinMs)
      story.recoveredMs = Date.now() - (story.undoneAtMs ?? Date.now())
    } catch (error) {
      if (run.signal.aborted) return
      story.undoneAtMs ??= Date.now()
      story.failure = toError(error).message
      violations.push(`${fault.kind} on ${story.host}: ${story.failure}`)
      say(`${fault.kind} on ${story.host}: ${story.failure}`)
      for (const host of cluster.hosts) await cluster.restart(host, run.signal).catch(() => {}) // the next faults want a cluster; that this one did not recover is told
      await cluster.untilWell(recoverWithinMs).catch((again: unknown) => void violations.push(toError(again).message))
    }
    await delay(fault.pauseMs, undefined, { signal: over }).catch(() => {}) // called off
  }
}

/** Workers without work, and what was spilled, go some time after the last job. */
async function leftAtRest(measures: Measures, signal: AbortSignal): Promise<string[]> {
  const untilMs = performance.now() + restWithinMs
  for (;;) {
    measures.forgetRest()
    measures.readAtRest('rest')
    if (measures.leftAtRest.length === 0 || performance.now() > untilMs) return measures.leftAtRest
    await delay(2_000, undefined, { signal })
  }
}

async function killWorkers({ cluster, options, over }: Run): Promise<number> {
  let killed = 0
  for (const { host, afterMs, dice } of planKills(options.seed, options.hosts)) {
    await delay(afterMs, undefined, { signal: over }).catch(() => {}) // called off
    if (over.aborted) return killed
    const victim = cluster.hosts[host]
    if (victim && killWorker(victim, dice)) killed += 1
  }
  return killed
}

/** Against what the head says, then against the record, and the machines once the cluster is gone. */
async function judge(run: Run, tracked: readonly TrackedJob[]): Promise<JudgedJob[]> {
  const { cluster, say, stories, violations, signal } = run
  await cluster.untilWell(recoverWithinMs).catch((error: unknown) => void violations.push(`at the end: ${toError(error).message}`))
  const names = await namesOfNodes(cluster)
  const counts = await readCounts(cluster)
  say('the cluster is taken down')
  const { operationId } = await cluster.call('clusters.down', { cluster: clusterName })
  await cluster.finish(operationId, signal)
  violations.push(...(await checkNothingLeft(cluster)), ...(await checkRecord(cluster, { tracked, counts })))
  for (const complaint of cluster.world.complaints) violations.push(`the page complained: ${complaint.slice(0, 1_000)}`)
  for (const request of cluster.world.lost) violations.push(`the page got no answer: ${request}`)
  return tracked.map((job) => {
    const { verdict, problems } = judgeJob(job, stories, names)
    if (verdict === 'wrong') violations.push(`${job.known.id}: ${problems.join('; ')}`)
    return { ...job, verdict }
  })
}

function liveLine({ stories }: Run, load: Load, { measures, startedAtMs }: { measures: Measures; startedAtMs: number }): string {
  const seconds = Math.round((Date.now() - startedAtMs) / 1_000)
  const clock = `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`
  const ended = load.jobs.filter(({ end }) => end !== undefined)
  const asKnown = ended.filter(({ end, known }) => end?.status === known.ends).length
  const problems = load.jobs.filter((job) => job.problems.length + job.logProblems.length > 0).length
  const fault = stories.at(-1)
  const now = !fault ? 'none yet' : `${fault.kind} on ${fault.host}${fault.recoveredMs === undefined ? '' : ', over'}`
  const memory = (['panel', 'head', 'page'] as const)
    .map((name) => `${name} ${Math.round(measures.last(`${name}: memory, MB`))} MB`)
    .join(', ')
  return `${clock}  jobs ${asKnown} of ${ended.length} ended as known, ${load.running} run, ${problems} with problems; fault ${stories.length}: ${now}; ${memory}`
}
