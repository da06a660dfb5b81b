import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type JobDetails, JobList, JobSubmitResponse, jobsPath, shoalJobsPath } from '#runtime/api/jobs.ts'
import { ClusterError } from '#runtime/base/errors.ts'
import { ApiClient } from '#runtime/client/api-client.ts'
import { followLog } from '#runtime/cli/job/follow-log.ts'
import { check, finish, until } from '../support/checks.ts'
import { startCluster } from '../support/cluster.ts'

/** The long form takes a machine of its own; the short one goes the same ways. */
const load =
  process.env['SHOAL_LONG_TESTS'] === '1'
    ? { jobs: 200, followed: 50, linesPerSecond: 10_000, seconds: 8 }
    : { jobs: 40, followed: 8, linesPerSecond: 2_000, seconds: 4 }
const burstsPerSecond = 4
const quickLines = 300
/** More than is read at a time. */
const aloneLines = 100_000

const folder = mkdtempSync(join(tmpdir(), 'shoal-followed-jobs-'))
const fileIn = (name: string) => join(folder, name)
// NAME LINES LINES_AT_ONCE PAUSE: writes "NAME 1", "NAME 2" …; whole pages at a time, so that most writes end inside a line.
writeFileSync(
  fileIn('writer.sh'),
  `echo "$1" >> ${folder}/ran
n=0
while [ $n -lt $2 ]; do
  seq -f "$1 %.0f" $((n + 1)) $((n + $3))
  n=$((n + $3))
  sleep $4
done
`,
)
const writer = (name: string, lines: number, { atOnce, pauseSeconds }: { atOnce: number; pauseSeconds: number }): string =>
  `sh ${folder}/writer.sh ${name} ${lines} ${atOnce} ${pauseSeconds}`

const cluster = await startCluster({ nodes: [{ cpus: 2 }], api: true })
const api = new ApiClient({ url: cluster.apiUrl, token: cluster.token() })
const statuses = async () => new Map((await api.getJson(jobsPath, JobList)).map(({ submission_id: id, status }) => [id, status]))

/** Until the head has said yes: the same job again is the same job, as its id is ours. */
async function submit(name: string, entrypoint: string): Promise<void> {
  for (;;) {
    try {
      await api.sendJson({ method: 'POST', path: shoalJobsPath, json: { entrypoint, submission_id: name } }, JobSubmitResponse)
      return
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error
      if (error.code === 'already-exists') return // the head died between writing it down and saying so
      if (error.code !== 'head.unavailable' && error.code !== 'link.closed') throw error
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}

/** Follows a job to its end. @throws Error for the first line that is not the one that comes next. */
async function follow(name: string, onLines: (count: number) => void = () => {}): Promise<JobDetails & { lines: number }> {
  let lines = 0
  let rest = ''
  const write = (text: string) => {
    const whole = (rest + text).split('\n')
    rest = whole.pop() ?? ''
    const before = lines
    for (const line of whole) {
      if (line === `${name} ${lines + 1}`) lines += 1
      else if (!line.includes('job supervisor --')) throw new Error(`${name}: line ${lines + 1} is ${JSON.stringify(line)}`)
    }
    onLines(lines - before)
  }
  const warn = (text: string) => {
    if (/not there any more|begun anew|cannot be read/.test(text)) throw new Error(`${name}: ${text}`)
  }
  const details = await followLog(api, name, { signal: new AbortController().signal, terminal: { warn }, write })
  assert.equal(rest, '')
  return { ...details, lines }
}

/** A promise that resolves when `add` has been given so much in all. */
function goal(amount: number): { readonly reached: Promise<void>; readonly add: (count: number) => void } {
  let resolve = () => {}
  const reached = new Promise<void>((done) => (resolve = done))
  let total = 0
  const add = (count: number) => {
    total += count
    if (total >= amount) resolve()
  }
  return { reached, add }
}

/** In MiB. */
const peakOf = (pid: number): number => Math.round(Number(/VmHWM:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024)
const names = Array.from({ length: load.jobs }, (_, index) => `job-${index}`)
const total = load.linesPerSecond * load.seconds

await check('jobs submitted and followed at once outlive two deaths of the head: no job and no line is lost or comes twice', async () => {
  const startedMs = performance.now()
  const half = goal(load.jobs / 2)
  const third = goal((load.followed * total) / 3)
  const atOnce = load.linesPerSecond / burstsPerSecond
  const followers: Promise<JobDetails & { lines: number }>[] = []
  const submitted = names.map(async (name, index) => {
    const isFollowed = index < load.followed
    const how = { atOnce, pauseSeconds: 1 / burstsPerSecond }
    await submit(name, isFollowed ? writer(name, total, how) : writer(name, quickLines, { atOnce: quickLines, pauseSeconds: 0 }))
    if (isFollowed) followers.push(follow(name, third.add))
    half.add(1)
  })
  await half.reached
  await cluster.killHead()
  await cluster.restartHead()
  await Promise.all(submitted)
  await Promise.race([third.reached, Promise.all(followers)]) // a follower that fails says why at once
  const peaks = [peakOf(cluster.headPid)]
  await cluster.killHead()
  await cluster.restartHead()
  for (const { lines, status, submission_id: id } of await Promise.all(followers)) {
    assert.deepEqual({ id, lines, status }, { id, lines: total, status: 'SUCCEEDED' })
  }
  peaks.push(peakOf(cluster.headPid))
  const seconds = Math.round((performance.now() - startedMs) / 100) / 10
  process.stdout.write(
    `${load.followed} jobs of ${total} lines followed in ${seconds} s; the head had ${peaks.join(' and ')} MiB at most\n`,
  )
})

await check('every job ran once, has succeeded and has its whole log', async () => {
  for (const name of names.slice(load.followed)) {
    const { status, lines } = await follow(name)
    assert.deepEqual({ name, lines, status }, { name, lines: quickLines, status: 'SUCCEEDED' })
  }
  const ended = await statuses()
  assert.deepEqual(
    names.filter((name) => ended.get(name) !== 'SUCCEEDED'),
    [],
  )
  assert.deepEqual(readFileSync(fileIn('ran'), 'utf8').trim().split('\n').sort(), [...names].sort())
})

await check('a job that ends while the head is away is seen to succeed, with its whole log', async () => {
  const name = 'ends-alone'
  const agentLog = join(cluster.nodes[0]?.layout.logDir ?? '', 'agent.log')
  const waits = `while [ ! -e ${folder}/gate ]; do sleep 0.05; done`
  await submit(name, `${waits}; ${writer(name, aloneLines, { atOnce: aloneLines, pauseSeconds: 0 })}`)
  const followed = follow(name)
  await until('it runs', async () => (await statuses()).get(name) === 'RUNNING')
  await cluster.killHead()
  writeFileSync(fileIn('gate'), '')
  await until(
    'it has ended',
    () => existsSync(agentLog) && /job\.ended.*ends-alone|ends-alone.*job\.ended/.test(readFileSync(agentLog, 'utf8')),
  )
  await cluster.restartHead()
  const { status, lines } = await followed
  assert.deepEqual({ status, lines }, { status: 'SUCCEEDED', lines: aloneLines })
  const later = await follow(name)
  assert.deepEqual({ status: later.status, lines: later.lines }, { status: 'SUCCEEDED', lines: aloneLines })
})

await cluster.stop()
rmSync(folder, { recursive: true, force: true })
finish()
