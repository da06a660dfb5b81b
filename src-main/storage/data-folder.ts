import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { chmod, lstat, mkdir, readdir, readFile, realpath, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import * as z from 'zod'
import { ClusterError } from '../../runtime/base/errors.ts'
import { ownIdentity, ProcessIdentity, stateOf } from './process-identity.ts'
import { hasCode, writeFileSafely } from './write-file-safely.ts'

/** A folder that this process alone may change, until `close`. */
export type DataFolder = {
  readonly path: string
  /** A folder in it, made 0700. */
  folder(name: string): Promise<string>
  file(name: string): string
  close(): Promise<void>
  /** As `close`, at once: for a process that may not wait any more. */
  abandon(): void
}

const Lock = z.object({ owner: ProcessIdentity, takenAtMs: z.number() })
type Lock = z.infer<typeof Lock>
type FoundLock = Lock & { readonly path: string; readonly state: 'running' | 'unknown' }

const lockName = /^lock-[0-9a-f]{16}\.json$/
const tries = 6
/** A lock this young may be of somebody who has not looked yet whether the folder was free. */
const youngMs = 2_000

/**
 * Makes the folder where it is missing, takes its lock, and makes it and its files this user's alone.
 *
 * A lock is a file of its own name, written before looking for others: of two who come at once at least one sees the other and
 * steps back. What a dead process left has a name that nobody uses again, so removing it cannot hit a living one.
 *
 * @throws ClusterError `storage.in-use` when another process holds it; `details.pid`
 * @throws ClusterError `bad-argument` when others may change it, or it is not this user's
 */
export async function openDataFolder(path: string): Promise<DataFolder> {
  await mkdir(path, { recursive: true, mode: 0o700 })
  const folder = await realpath(path)
  await refuseUnsafe(folder)
  const lockPath = await takeLock(folder)
  try {
    await closeToOthers(folder)
  } catch (error) {
    await rm(lockPath, { force: true })
    throw error
  }
  return {
    path: folder,
    file: (name) => join(folder, name),
    async folder(name) {
      const inside = join(folder, name)
      await mkdir(inside, { recursive: true, mode: 0o700 })
      return inside
    },
    close: () => rm(lockPath, { force: true }),
    abandon: () => rmSync(lockPath, { force: true }),
  }
}

/** Whether a process that runs holds the folder, and which. Takes nothing and changes nothing. */
export async function findHolder(path: string): Promise<ProcessIdentity | undefined> {
  const { live } = await readLocks(path).catch(() => ({ live: [] }))
  return live[0]?.owner
}

async function takeLock(folder: string): Promise<string> {
  for (let attempt = 1; ; attempt += 1) {
    const path = join(folder, `lock-${randomBytes(8).toString('hex')}.json`)
    await writeFileSafely(path, JSON.stringify({ owner: await ownIdentity(), takenAtMs: Date.now() } satisfies Lock))
    const { live, stale } = await readLocks(folder)
    const other = live.filter((lock) => lock.path !== path).sort((a, b) => a.takenAtMs - b.takenAtMs)[0] // the oldest is most likely to stay
    if (!other) {
      await Promise.all(stale.map((each) => rm(each, { force: true })))
      return path
    }
    await rm(path, { force: true })
    if (attempt >= tries || Date.now() - other.takenAtMs > youngMs) throw inUse(folder, other)
    await wait(10 + Math.random() * 40 * attempt) // both stepped back: not again at the same moment
  }
}

async function readLocks(folder: string): Promise<{ live: FoundLock[]; stale: string[] }> {
  const self = await ownIdentity()
  const live: FoundLock[] = []
  const stale: string[] = []
  for (const name of (await readdir(folder)).filter((each) => lockName.test(each)).slice(0, 1_000)) {
    const path = join(folder, name)
    const lock = await readLock(path)
    if (lock === 'gone') continue
    const state = lock === 'unreadable' ? 'gone' : await stateOf(lock.owner, self)
    if (lock === 'unreadable' || state === 'gone') stale.push(path)
    else live.push({ ...lock, path, state })
  }
  return { live, stale }
}

/** A lock gets its name when it is written whole, so an unreadable one is of a disk that lost it in a power cut. */
async function readLock(path: string): Promise<Lock | 'gone' | 'unreadable'> {
  try {
    return Lock.parse(JSON.parse(await readFile(path, 'utf8')))
  } catch (error) {
    return hasCode(error, 'ENOENT') ? 'gone' : 'unreadable'
  }
}

function inUse(folder: string, lock: FoundLock): ClusterError {
  const { pid, hostname } = lock.owner
  const message =
    lock.state === 'running'
      ? `${folder} is in use by the panel that runs as process ${pid}. Use that one: commands such as \`shoal machine list\` find it by themselves. Or end it first.`
      : `${folder} is in use by a panel that runs as process ${pid} on ${hostname} or in a container, which cannot be seen from here. End it; if it is gone already, delete ${lock.path}.`
  return new ClusterError('storage.in-use', message, { details: { pid, hostname } })
}

async function refuseUnsafe(folder: string): Promise<void> {
  const uid = process.getuid?.()
  if (uid === undefined) return // Windows: a profile's folder is its user's already
  const stats = await stat(folder)
  if (stats.uid !== uid) {
    throw unsafe(folder, `belongs to user id ${stats.uid}, and this is user id ${uid}. Name another folder with SHOAL_PANEL_HOME.`)
  }
  if ((stats.mode & 0o022) !== 0) {
    throw unsafe(
      folder,
      `may be changed by other users (mode ${modeText(stats.mode)}). See that nobody put anything there, then run: chmod 700 ${folder}`,
    )
  }
  for (let above = dirname(folder); ; above = dirname(above)) {
    const { mode } = await stat(above)
    const isSticky = (mode & 0o1000) !== 0 // as /tmp: others may add there, not replace ours
    if ((mode & 0o002) !== 0 && !isSticky) {
      throw unsafe(folder, `lies in ${above}, which everybody may change (mode ${modeText(mode)}). Run: chmod o-w ${above}`)
    }
    if (above === dirname(above)) return
  }
}

const modeText = (mode: number): string => (mode & 0o7777).toString(8).padStart(4, '0')

const unsafe = (folder: string, why: string): ClusterError =>
  new ClusterError('bad-argument', `${folder} is not safe to keep data in: it ${why}`, { details: { folder } })

/** Files and folders that were copied here by hand or restored from a backup may be open to read. */
async function closeToOthers(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  await chmod(folder, 0o700)
  for (const name of await readdir(folder)) {
    const path = join(folder, name)
    const stats = await lstat(path).catch(() => undefined)
    if (stats === undefined || (stats.mode & 0o077) === 0) continue
    if (stats.isDirectory()) await closeToOthers(path)
    else if (stats.isFile()) await chmod(path, 0o600)
  }
}
