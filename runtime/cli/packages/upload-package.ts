import { createReadStream, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { Transform } from 'node:stream'
import { packagePath } from '../../api/packages.ts'
import { ClusterError } from '../../base/errors.ts'
import { type Terminal, UsageError } from '../command.ts'
import type { ApiClient } from '../../client/api-client.ts'
import { hashFile, hashFolder, packFolder } from '../../packing/pack-folder.ts'
import { whyPackagesStay } from './why-packages-stay.ts'

export type PackageSource = {
  /** A folder, or an archive, on this machine. */
  readonly path: string
  readonly excludes: readonly string[]
  /** A module of Python keeps its own name in the package. */
  readonly isModule: boolean
}

const archiveEnding = /\.(zip|tar\.gz|tgz)$/

/**
 * Returns the `gcs://` address of the content, uploading it only when the head has it not yet.
 * @throws UsageError when there is nothing to pack; ClusterError `too-large`, `store.full` and those of every call.
 */
export async function uploadPackage(api: ApiClient, source: PackageSource, terminal: Terminal): Promise<string> {
  const path = resolve(source.path)
  const stats = statSync(path, { throwIfNoEntry: false })
  if (stats?.isFile()) {
    const ending = archiveEnding.exec(path)?.[0] ?? (path.endsWith('.whl') ? '.whl' : undefined)
    if (ending === undefined) throw new UsageError(`${path} is neither a folder nor a .zip, .tar.gz, .tgz or .whl`)
    const name = ending === '.whl' ? basename(path) : `_ray_pkg_${hashFile(path)}${ending}`
    await send(api, { name, file: path, label: path }, terminal)
    return `gcs://${name}`
  }
  if (!stats?.isDirectory()) throw new UsageError(`there is no folder ${path} on this machine`)
  const { excludes, isModule } = source
  const name = `_ray_pkg_${hashOf(path, excludes, isModule)}.zip`
  const why = isModule ? undefined : whyPackagesStay(path, excludes)
  if (why !== undefined) terminal.warn(why)
  if (await isThere(api, name)) return `gcs://${name}`
  const temporary = mkdtempSync(join(tmpdir(), 'shoal-package-'))
  try {
    const file = join(temporary, name)
    await packFolder(path, file, { excludes, isModule })
    await send(api, { name, file, label: path }, terminal)
    return `gcs://${name}`
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
}

/** A folder that cannot be packed was named wrongly. */
function hashOf(path: string, excludes: readonly string[], isModule: boolean): string {
  try {
    return hashFolder(path, excludes, isModule ? basename(path) : '')
  } catch (error) {
    throw error instanceof ClusterError ? new UsageError(error.message) : error
  }
}

async function isThere(api: ApiClient, name: string): Promise<boolean> {
  try {
    await api.send({ method: 'GET', path: packagePath(name) })
    return true
  } catch (error) {
    if (error instanceof ClusterError && error.code === 'not-found') return false
    throw error
  }
}

async function send(
  api: ApiClient,
  { name, file, label }: { name: string; file: string; label: string },
  terminal: Terminal,
): Promise<void> {
  if (await isThere(api, name)) return
  const { size } = statSync(file)
  const progress = createProgress(`Uploading ${label}`, size, terminal)
  const body = createReadStream(file, { highWaterMark: 1024 * 1024 }).pipe(
    new Transform({
      transform(chunk: Buffer, _encoding, done) {
        progress.add(chunk.byteLength)
        done(null, chunk)
      },
    }),
  )
  try {
    await api.send({ method: 'PUT', path: packagePath(name), body, bodyBytes: size, timeoutMs: 600_000 })
  } finally {
    body.destroy()
    progress.end()
  }
}

const redrawMs = 100

/** A line that is written over, on a terminal only. */
function createProgress(what: string, totalBytes: number, { isInteractive, isJson }: Terminal): { add(bytes: number): void; end(): void } {
  if (!isInteractive || isJson) return { add() {}, end() {} }
  let sent = 0
  let drawnAtMs = 0
  const draw = () => {
    const percent = totalBytes === 0 ? 100 : Math.floor((sent / totalBytes) * 100)
    process.stderr.write(`\r${what}: ${(sent / 1e6).toFixed(1)} of ${(totalBytes / 1e6).toFixed(1)} MB (${percent} %) `)
  }
  return {
    add(bytes) {
      sent += bytes
      if (performance.now() - drawnAtMs < redrawMs && sent < totalBytes) return
      drawnAtMs = performance.now()
      draw()
    },
    end: () => void process.stderr.write('\n'),
  }
}
