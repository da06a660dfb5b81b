import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { BedHost } from '#test/support/bed/bed-host.ts'
import type { FaultKind, PlannedFault } from './plan.ts'
import type { SoakCluster } from './soak-cluster.ts'

/** What a job's node may suffer so that the job ends with it, as the docs say: the agent there ends, or the node is lost. */
const endsJobs: readonly FaultKind[] = ['link-long', 'link-flaps', 'kill-agent', 'restart-head']

export type FaultStory = {
  readonly kind: FaultKind
  readonly host: string
  readonly atMs: number
  /** When its cause was taken away; undefined while it lasts. */
  undoneAtMs?: number
  /** From then until every node was alive again. */
  recoveredMs?: number
  failure?: string
}

type Span = { readonly fromMs: number; readonly toMs: number }

/** May a job of this host have ended with its node in that time? */
export const mayHaveEnded = (stories: readonly FaultStory[], host: string, span: Span): boolean =>
  happened(stories, { host, kinds: endsJobs }, span)

/** What a job writes while the disk of its node is full is lost. */
export const mayHaveLostLines = (stories: readonly FaultStory[], host: string, span: Span): boolean =>
  happened(stories, { host, kinds: ['full-disk'] }, span)

/** A program may need room on a node that is not its own. */
export const mayHaveNoRoom = (stories: readonly FaultStory[], span: Span): boolean => happened(stories, { kinds: ['full-disk'] }, span)

const happened = (
  stories: readonly FaultStory[],
  { host, kinds }: { host?: string; kinds: readonly FaultKind[] },
  { fromMs, toMs }: Span,
): boolean =>
  stories.some(
    (story) =>
      (host === undefined || story.host === host) &&
      kinds.includes(story.kind) &&
      story.atMs <= toMs &&
      (story.undoneAtMs ?? Infinity) + (story.recoveredMs ?? 0) >= fromMs,
  )

type Undo = () => Promise<void> | void
type Setting = { readonly cluster: SoakCluster; readonly host: BedHost; readonly signal: AbortSignal }

/** Lets it happen, for its time, and takes its cause away, also when it is called off meanwhile; `onOver` hears when that begins. */
export async function happen(
  cluster: SoakCluster,
  fault: PlannedFault,
  { signal, onOver }: { signal: AbortSignal; onOver: () => void },
): Promise<void> {
  const host = cluster.hosts[fault.host]
  if (!host) throw new Error(`there is no host ${fault.host}`)
  const setting = { cluster, host, signal }
  const undo = await begin[fault.kind](setting, fault.lastsMs)
  try {
    await delay(fault.lastsMs, undefined, { signal }).catch(() => {}) // called off: what was begun is undone all the same
  } finally {
    onOver()
    await undo()
  }
}

const begin: Record<FaultKind, (setting: Setting, lastsMs: number) => Undo | Promise<Undo>> = {
  'link-short': cut,
  'link-long': cut,
  'link-flaps': flap,
  'link-slow': ({ host }) => {
    host.run('tc qdisc add dev eth0 root netem delay 80ms 20ms loss 3%')
    return () => void host.run('tc qdisc del dev eth0 root')
  },
  freeze: ({ host }) => {
    host.freeze()
    return () => host.thaw()
  },
  'kill-agent': ({ cluster, host, signal }) => {
    kill(host, cluster.pidOf('agent', host))
    return () => cluster.restart(host, signal)
  },
  'kill-head': ({ cluster, host }) => {
    const pid = cluster.pidOf('head', host)
    const command = readFileSync(`${host.rootDir}/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1)
    kill(host, pid)
    return () => startAgain(host, command, `${cluster.sessionFolder(host)}/logs/head.log`)
  },
  'restart-head': ({ cluster, host, signal }) => {
    kill(host, cluster.pidOf('head', host))
    return () => cluster.restart(host, signal)
  },
  'full-disk': ({ host }) => fill(host, `${host.home}/somebody-elses-file`),
  'full-memory': ({ host }) => fill(host, '/dev/shm/somebody-elses-file'),
  'cut-ssh': ({ host }) => {
    host.killSshd()
    return () => host.startSshd()
  },
}

function cut({ host }: Setting): Undo {
  host.cutLink()
  return () => host.restoreLink()
}

function flap({ host, signal }: Setting, lastsMs: number): Undo {
  const isOver = new AbortController()
  const flapping = (async () => {
    const untilMs = performance.now() + lastsMs
    while (performance.now() < untilMs && !isOver.signal.aborted && !signal.aborted) {
      host.cutLink()
      await delay(300)
      host.restoreLink()
      await delay(700)
    }
  })()
  return async () => {
    isOver.abort()
    await flapping
    host.restoreLink()
  }
}

function kill(host: BedHost, pid: number | undefined): void {
  if (pid === undefined) throw new Error(`what was to be killed on ${host.name} does not run`)
  host.run(`kill -KILL ${pid}`)
}

/** The same command as before, as a supervisor starts it. */
function startAgain(host: BedHost, command: readonly string[], log: string): void {
  const words = command.map((word) => `'${word.replaceAll("'", `'"'"'`)}'`).join(' ')
  host.run(`cd "$HOME" && umask 077 && setsid ${words} </dev/null >/dev/null 2>>'${log}' &`, 'user')
}

/** Somebody else writes until nothing is free. */
function fill(host: BedHost, path: string): Undo {
  host.try(`cat /dev/zero >'${path}'`)
  return () => void host.run(`rm -f '${path}'`)
}

/** One worker of that host, chosen by the dice from 0 to 1; false where none runs. */
export function killWorker(host: BedHost, dice: number): boolean {
  const proc = `${host.rootDir}/proc`
  const workers = readdirSync(proc)
    .filter((name) => /^\d+$/.test(name) && isWorker(`${proc}/${name}/cmdline`))
    .toSorted((one, other) => Number(one) - Number(other))
  const pid = workers[Math.floor(dice * workers.length)]
  return pid !== undefined && host.try(`kill -KILL ${pid}`).status === 0
}

function isWorker(file: string): boolean {
  try {
    return readFileSync(file, 'utf8').includes('/worker.mjs')
  } catch {
    return false // it has ended
  }
}

/** Faults that this kernel cannot make, and why. */
export function faultsLeftOut(host: BedHost): { readonly kind: FaultKind; readonly why: string }[] {
  const tried = spawnSync('nsenter', [...host.enter(), 'tc', 'qdisc', 'add', 'dev', 'lo', 'root', 'netem', 'delay', '1ms'], {
    encoding: 'utf8',
  })
  if (tried.status !== 0) return [{ kind: 'link-slow', why: `netem: ${(tried.error?.message ?? tried.stderr).trim()}` }]
  host.run('tc qdisc del dev lo root')
  return []
}
