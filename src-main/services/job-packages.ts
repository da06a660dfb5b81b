import { createReadStream } from 'node:fs'
import { rm, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { isAbsolute, join, sep } from 'node:path'
import { Transform } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { maxPackageBytes } from '../../runtime/api/packages.ts'
import { ClusterError, toError } from '../../runtime/base/errors.ts'
import { hashSteps, packFolder } from '../../runtime/packing/pack-folder.ts'
import { visitFolder } from '../../runtime/packing/visit-folder.ts'
import type { ClusterCalls } from '../cluster/cluster-calls.ts'
import type { JobPlan } from '../contract/jobs.ts'
import { tooLarge, type UploadProgress } from './uploads.ts'

/** What a folder would be packed to. */
export type FolderContent = NonNullable<JobPlan['package']> & {
  /** With slashes. */
  readonly paths: ReadonlySet<string>
}

const shownLargest = 8
/** How long reading may keep everything else waiting. */
const sliceMs = 8

/** Where a folder that a person named lies. @throws ClusterError `bad-argument` when none does */
export async function findFolder(path: string): Promise<string> {
  const folder = path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : path
  if (!isAbsolute(folder))
    throw new ClusterError(
      'bad-argument',
      `the folder ${JSON.stringify(path)} must be an absolute path on the panel's computer, or begin with ~/`,
    )
  const found = await stat(folder).catch(() => undefined)
  if (found?.isDirectory() === true) return folder
  const why = found ? 'is no folder' : 'does not exist, or may not be read'
  throw new ClusterError('bad-argument', `${folder} ${why} on the panel's computer`)
}

/** Looks through a folder as packing does. @throws ClusterError `bad-argument` as `visitFolder` */
export async function readContent(folder: string, excludes: readonly string[], signal?: AbortSignal): Promise<FolderContent> {
  const paths = new Set<string>()
  let largest: { path: string; bytes: number }[] = []
  let bytes = 0
  let ignored = 0
  const visits = visitFolder(folder, excludes, () => (ignored += 1))
  await inSlices(visits, signal, ({ relativePath, kind, stats }) => {
    if (kind !== 'file') return
    const path = relativePath.split(sep).join('/')
    paths.add(path)
    bytes += stats.size
    largest.push({ path, bytes: stats.size })
    if (largest.length > 1_000) largest = topOf(largest)
  })
  return { files: paths.size, bytes, largest: topOf(largest), ignored, paths }
}

const topOf = (all: readonly { path: string; bytes: number }[]) => [...all].sort((a, b) => b.bytes - a.bytes).slice(0, shownLargest)

export type BringOptions = {
  readonly folder: string
  /** For messages. */
  readonly name: string
  readonly excludes: readonly string[]
  /** Where the archive may lie meanwhile; it is removed. */
  readonly archive: string
  readonly progress: UploadProgress
  readonly signal: AbortSignal
}

/** Packs the folder and sends it, unless the head has the same content; resolves with its `gcs://` address. @throws ClusterError `too-large` */
export async function bringFolder(calls: Pick<ClusterCalls, 'call' | 'uploadPackage'>, options: BringOptions): Promise<string> {
  const { folder, name, excludes, archive, progress, signal } = options
  const { files, bytes: totalBytes } = await readContent(folder, excludes, signal)
  if (totalBytes > maxPackageBytes) throw tooLarge(name, totalBytes)
  const started = (phase: 'reading' | 'packing' | 'sending' | 'there', bytes = totalBytes) =>
    progress({ phase, files, sentBytes: phase === 'there' ? bytes : 0, totalBytes: bytes })
  started('reading')
  let sentBytes = 0
  const hash = await inSlices(hashSteps(folder, excludes), signal, (bytes) => progress({ sentBytes: (sentBytes += bytes) }))
  const packageName = `_ray_pkg_${hash}.zip`
  if (await isThere(calls, packageName, signal)) {
    started('there')
    return `gcs://${packageName}`
  }
  try {
    started('packing')
    await packFolder(folder, archive, {
      excludes,
      isModule: false,
      signal,
      onBytes: (bytes) => progress({ sentBytes: Math.min(bytes, totalBytes) }),
    })
    const { size: sizeBytes } = await stat(archive)
    if (sizeBytes > maxPackageBytes) throw tooLarge(name, sizeBytes)
    started('sending', sizeBytes)
    const open = () => counted(archive, progress)
    const address = await calls.uploadPackage({ name: packageName, open, sizeBytes, signal })
    started('there', sizeBytes)
    return address
  } finally {
    await rm(archive, { force: true })
  }
}

function isThere(calls: Pick<ClusterCalls, 'call'>, name: string, signal: AbortSignal): Promise<boolean> {
  return calls.call('findPackage', { params: { protocol: 'gcs', name }, signal }).then(
    () => true,
    (error: unknown) => {
      if (error instanceof ClusterError && error.code === 'not-found') return false
      throw error
    },
  )
}

function counted(file: string, progress: UploadProgress) {
  let sentBytes = 0
  const source = createReadStream(file, { highWaterMark: 256 * 1024 })
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sentBytes += chunk.byteLength
      progress({ sentBytes })
      done(null, chunk)
    },
  })
  source.once('error', (error) => counter.destroy(error))
  counter.once('close', () => source.destroy())
  return source.pipe(counter)
}

/** Runs it to its end, a few milliseconds at a time. */
async function inSlices<Step, Result>(steps: Generator<Step, Result>, signal: AbortSignal | undefined, take: (step: Step) => void) {
  for (let untilMs = performance.now() + sliceMs; ; ) {
    const step = nextOf(steps)
    if (step.done === true) return step.value
    take(step.value)
    if (performance.now() < untilMs) continue
    await nextTurn()
    signal?.throwIfAborted()
    untilMs = performance.now() + sliceMs
  }
}

function nextOf<Step, Result>(steps: Generator<Step, Result>): IteratorResult<Step, Result> {
  try {
    return steps.next()
  } catch (thrown) {
    if (thrown instanceof ClusterError) throw thrown
    throw new ClusterError(
      'bad-argument',
      `the folder cannot be read: ${toError(thrown).message}; leave that out with excludes, or change its mode`,
      {
        cause: thrown,
      },
    )
  }
}
