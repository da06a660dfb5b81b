import { createHash } from 'node:crypto'
import type { Leftover } from '../contract/machines.ts'
import type { Facts } from './probe-frame.ts'

export type Known = { readonly sessionFolders: readonly string[]; readonly payloads: readonly string[] }

type Running = {
  pid: number
  ticks: string
  isDaemon: boolean
  /** It runs from somewhere else, as after `shoal start` by hand: never a leftover, and what it uses is in use. */
  isElsewhere: boolean
  session: string | undefined
  payload: string | undefined
  command: string
}

const hash64 = /^[0-9a-f]{64}$/

/**
 * What of the listed things nobody uses. `known` are sessions and payloads in use; with `runningCounts`, so is every session whose
 * daemons run, whoever started them.
 */
export function judgeLeftovers(facts: Facts, known: Known, runningCounts: boolean): Leftover[] {
  const rows = (key: string): string[][] => facts.all(key).map((line) => line.split('\t'))
  const sessionOf = new Map<string, string>() // by socket folder
  const sessions = rows('left-session').map(([path = '', kilobytes, since, payload = '']) => ({ path, kilobytes, since, payload }))
  const defaults = rows('left-default').map(([path = '', kilobytes, since, ...started]) => ({ path, kilobytes, since, started }))
  for (const { path } of [...sessions, ...defaults]) sessionOf.set(socketHash(path), path)
  const processes = rows('left-process').flatMap((row) => readProcess(row, sessionOf))
  const live = new Set([
    ...known.sessionFolders,
    ...processes.flatMap(({ isDaemon, isElsewhere, session }) => (isElsewhere || (isDaemon && runningCounts) ? (session ?? []) : [])),
  ])
  const isUnused = (session: string | undefined) => session === undefined || !live.has(session)
  const payloadsInUse = new Set([
    ...known.payloads,
    ...sessions.filter(({ path }) => !isUnused(path)).map(({ payload }) => payload),
    ...processes.filter(({ session }) => !isUnused(session)).flatMap(({ payload }) => payload ?? []),
  ])
  const clustersInUse = [...live].flatMap((folder) => /-(c-[0-9a-f]{12})\/[^/]+$/.exec(folder)?.[1] ?? [])
  const orphans = processes.filter(({ isElsewhere, session }) => !isElsewhere && isUnused(session))
  const orphanTicks = new Set(orphans.map(({ pid, ticks }) => `${pid}:${ticks}`))
  const at = clockOf(facts)
  const folders = [
    ...sessions.filter(({ path }) => isUnused(path)).map((each) => ({ ...each, detail: 'session of a cluster' })),
    ...defaults
      .filter(({ path, started }) => isUnused(path) && !started.some((each) => live.has(each)))
      .map((each) => ({ ...each, detail: 'session that was started by hand' })),
    ...rows('left-runtime').flatMap(([path = '', kilobytes, since]) => {
      const name = path.slice(path.lastIndexOf('/') + 1)
      if (hash64.test(name)) return payloadsInUse.has(name) ? [] : [{ path, kilobytes, since, detail: 'payload that no session uses' }]
      return /^\.[0-9a-f]{64}\./.test(name) ? [{ path, kilobytes, since, detail: 'upload that was not finished or not put away' }] : []
    }),
  ]
  return [
    ...orphans.map(({ pid, ticks, session, command }) => ({
      kind: 'process' as const,
      what: `${pid}:${ticks}`,
      detail: `${command}${session === undefined ? '' : ` (runs now, for ${session}, which this panel does not know)`}`,
      sizeBytes: null,
      sinceMs: at(ticks),
    })),
    ...rows('left-memory').flatMap(([path = '', kilobytes, since, ticks = '', owner = '']) =>
      isOwned({ owner, ticks, orphanTicks }, facts)
        ? []
        : [left('shared-memory', path, { kilobytes, since, detail: 'memory of a store that nobody uses' })],
    ),
    ...rows('left-socket').flatMap(([path = '', since]) => {
      const session = sessionOf.get(path.slice(-12))
      const isUsed = [...live].some((folder) => socketHash(folder) === path.slice(-12))
      return isUsed || (session !== undefined && !isUnused(session))
        ? []
        : [left('socket', path, { since, detail: 'sockets of a session' })]
    }),
    ...folders.map(({ path, ...more }) => left('folder', path, more)),
    ...rows('left-unit').flatMap(([path = '', since]) => {
      const cluster = /\/shoal-(c-[0-9a-f]{12})\.service$/.exec(path)?.[1]
      return cluster === undefined || clustersInUse.includes(cluster)
        ? []
        : [left('service', path, { since, detail: 'unit of systemd that starts a node when the machine starts' })]
    }),
    ...facts.all('left-cron').flatMap((line) => {
      const cluster = /# shoal:(c-[0-9a-f]{12})\s*$/.exec(line)?.[1]
      return cluster === undefined || clustersInUse.includes(cluster)
        ? []
        : [left('cron', line, { detail: 'line of the crontab that starts a node' })]
    }),
  ].slice(0, 1_024)
}

/** As the runtime names the folder of sockets of a session whose own path is too long for them. */
const socketHash = (session: string): string => createHash('sha256').update(session).digest('hex').slice(0, 12)

function readProcess(
  [pid = '', ticks = '', exe = '', fromEnvironment = '', ...words]: string[],
  sessionOf: ReadonlyMap<string, string>,
): Running[] {
  if (!/^\d+$/.test(pid) || !/^\d+$/.test(ticks)) return [] // it ended while we looked
  const after = (flag: string) => {
    const at = words.indexOf(flag)
    return at < 0 ? undefined : words[at + 1]
  }
  const payload = /\/runtime\/([0-9a-f]{64})\//.exec(exe)?.[1]
  const socket = after('--agent-socket')
  const ofWorker =
    socket === undefined
      ? undefined
      : (/^(.+)\/s\/[^/]+$/.exec(socket)?.[1] ?? sessionOf.get(/-s-([0-9a-f]{12})\//.exec(socket)?.[1] ?? ''))
  const ofDaemon = after('--temp-dir')
  const session = ofDaemon ?? ofWorker ?? (fromEnvironment === '' ? undefined : fromEnvironment)
  const isElsewhere = payload === undefined && ofDaemon !== undefined && fromEnvironment === ''
  return [
    {
      pid: Number(pid),
      ticks,
      isDaemon: ofDaemon !== undefined,
      isElsewhere,
      session,
      payload,
      command: words.join(' ').trim().slice(0, 1_500),
    },
  ]
}

/** Does the process that owns a store still run? What cannot be told counts as yes. */
function isOwned({ owner, ticks, orphanTicks }: { owner: string; ticks: string; orphanTicks: ReadonlySet<string> }, facts: Facts): boolean {
  const field = (name: string) => new RegExp(`"${name}":"?([^",}]*)`).exec(owner)?.[1]
  const [bootId, pidNamespace, startTicks] = [field('bootId'), field('pidNamespace'), field('startTicks')]
  if (bootId === undefined || pidNamespace === undefined || startTicks === undefined) return true
  if (bootId !== facts.first('boot') || orphanTicks.has(`${field('pid')}:${startTicks}`)) return false
  return pidNamespace !== facts.first('pid-namespace') || startTicks === ticks
}

function clockOf(facts: Facts): (ticks: string) => number | null {
  const bootTime = Number(facts.first('boot-time'))
  const perSecond = Number(facts.first('ticks')) || 100
  return (ticks) => (bootTime > 0 ? Math.round((bootTime + Number(ticks) / perSecond) * 1_000) : null)
}

function left(
  kind: Leftover['kind'],
  what: string,
  more: { kilobytes?: string | undefined; since?: string | undefined; detail: string },
): Leftover {
  const { kilobytes = '', since = '', detail } = more
  return {
    kind,
    what: what.slice(0, 2_048),
    detail,
    sizeBytes: /^\d+$/.test(kilobytes) ? Number(kilobytes) * 1_024 : null,
    sinceMs: /^\d+$/.test(since) ? Number(since) * 1_000 : null,
  }
}
