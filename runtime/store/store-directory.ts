import { lstat, mkdir, readdir, readFile, readlink, rename, rm, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ClusterError } from '../base/errors.ts'

/** Written into a store's directory before it gets its name, so that no directory of that name is without. */
const ownerFile = 'owner.json'

/** A process, told apart from a later one with the same pid, of another boot or of another pid namespace. */
type Owner = { readonly pid: number; readonly startTicks: string; readonly bootId: string; readonly pidNamespace: string }

const prefix = (): string => `shoal-${process.getuid?.() ?? 0}-`

/**
 * Makes `<root>/shoal-<uid>-<name>`, mode 0700, owned by this process, and returns its path. What a dead process left under that name goes.
 * @throws ClusterError `cluster.start-failed` when a live process owns it, or somebody else made it.
 */
export async function openStoreDirectory(root: string, name: string): Promise<string> {
  const path = join(root, prefix() + name)
  await mkdir(root, { recursive: true })
  const found = await findOwner(path)
  if (found !== 'nothing' && !(await removeIfStale(path))) {
    const who = found === 'unknown' ? 'something that this user does not own, or that is no store' : `process ${found.pid}`
    throw new ClusterError('cluster.start-failed', `${path} belongs to ${who}. Stop it, or start this node under another name.`, {
      details: { path },
    })
  }
  const making = `${path}.${process.pid}.new`
  await rm(making, { recursive: true, force: true })
  await mkdir(making, { mode: 0o700 })
  await writeFile(join(making, ownerFile), JSON.stringify(await ownerOf(process.pid)), { mode: 0o600 })
  await rename(making, path)
  return path
}

/** Removes the directories under `root` that this user's dead processes left, and returns their paths. Whose owner cannot be told stays. */
export async function removeStaleStores(root: string): Promise<string[]> {
  const names = await readdir(root).catch(() => [])
  const removed: string[] = []
  for (const name of names.filter((each) => each.startsWith(prefix()))) {
    if (await removeIfStale(join(root, name))) removed.push(join(root, name))
  }
  return removed
}

/**
 * Where to put the memory of a store of `capacityBytes`: `memoryRoot` when it has that much free, else `diskRoot`.
 * Containers often have 64 MB in /dev/shm; a disk directory works the same, backed by the page cache.
 */
export async function chooseMemoryRoot(capacityBytes: number, roots: { memoryRoot: string; diskRoot: string }): Promise<string> {
  const free = await statfs(roots.memoryRoot).then(
    (stats) => stats.bavail * stats.bsize,
    () => 0,
  )
  return free >= capacityBytes ? roots.memoryRoot : roots.diskRoot
}

async function removeIfStale(path: string): Promise<boolean> {
  const owner = await findOwner(path)
  if (owner === 'nothing' || owner === 'unknown') return false
  const self = await ownerOf(process.pid)
  if (owner.bootId === self.bootId) {
    if (owner.pidNamespace !== self.pidNamespace) return false // a container that shares this directory: its pids mean nothing here
    const now = await ownerOf(owner.pid).catch(() => undefined)
    if (now?.startTicks === owner.startTicks) return false
  }
  await rm(path, { recursive: true, force: true })
  return true
}

async function findOwner(path: string): Promise<Owner | 'nothing' | 'unknown'> {
  const stats = await lstat(path).catch(() => undefined)
  if (!stats) return 'nothing'
  if (!stats.isDirectory() || stats.uid !== (process.getuid?.() ?? 0)) return 'unknown'
  try {
    return parseOwner(await readFile(join(path, ownerFile), 'utf8'))
  } catch {
    return 'unknown' // no owner file: not a store of ours, or one that is being removed
  }
}

function parseOwner(text: string): Owner {
  const parsed: unknown = JSON.parse(text)
  if (typeof parsed !== 'object' || parsed === null) throw new TypeError('no owner')
  const { pid, startTicks, bootId, pidNamespace } = parsed as Record<string, unknown> // an object: its fields are checked next
  if (typeof pid !== 'number' || typeof startTicks !== 'string' || typeof bootId !== 'string' || typeof pidNamespace !== 'string') {
    throw new TypeError('no owner')
  }
  return { pid, startTicks, bootId, pidNamespace }
}

/** From /proc; on systems without it the pid alone has to do. Rejects when there is no such process. */
async function ownerOf(pid: number): Promise<Owner> {
  if (process.platform !== 'linux') {
    process.kill(pid, 0)
    return { pid, startTicks: '', bootId: '', pidNamespace: '' }
  }
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  // The name in parentheses may hold anything, so count from its end: the state is field 3, the start time field 22.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (fields[0] === 'Z' || fields[0] === 'X') throw new Error(`process ${pid} has ended`) // nobody has reaped it yet
  return {
    pid,
    startTicks: fields[19] ?? '',
    bootId: (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim(),
    pidNamespace: await readlink('/proc/self/ns/pid'),
  }
}
