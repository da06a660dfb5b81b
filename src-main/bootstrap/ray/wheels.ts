import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { create } from 'tar'
import { ClusterError, toError } from '../../../runtime/base/errors.ts'

/** Several packages for Python as one tar file, for machines that reach no package index. */
export type WheelsArchive = { readonly path: string; readonly sha256: string; readonly sizeBytes: number }

export type Wheel = { readonly file: string; readonly name: string; readonly version: string; readonly tags: string }

const mostWheels = 2_000
/** One for all, so that the same wheels give the same bytes. */
const fixedTime = new Date(Date.UTC(2000, 0, 1))

/** @throws ClusterError `bad-argument` when there is no such folder, or no wheel in it */
export async function readWheels(folder: string): Promise<Wheel[]> {
  const files = await readdir(folder).catch((error: unknown) => {
    throw new ClusterError('bad-argument', `the wheels cannot be read: ${toError(error).message}; give a folder of this computer`)
  })
  const wheels = files.toSorted().flatMap((file) => {
    const [, name, version, tags] = /^([\w.]+)-([^-]+)(?:-\d[^-]*)?-([^-]+-[^-]+-[^-]+)\.whl$/.exec(file) ?? []
    return name !== undefined && version !== undefined && tags !== undefined ? [{ file, name: name.toLowerCase(), version, tags }] : []
  })
  if (wheels.length === 0)
    throw new ClusterError('bad-argument', `there are no wheels in ${folder}; fill it with: pip download -d ${folder} "ray[default]"`)
  if (wheels.length > mostWheels)
    throw new ClusterError('limit.reached', `there are ${wheels.length} wheels in ${folder}, more than ${mostWheels}`)
  return wheels
}

/** Packs the wheels of a folder into a file of `into` that is named by its content. @throws as `readWheels` */
export async function packWheels(folder: string, into: string): Promise<WheelsArchive> {
  const wheels = await readWheels(folder)
  await mkdir(into, { recursive: true, mode: 0o700 })
  const fresh = join(into, `.${process.pid}-${Date.now()}.tar`)
  try {
    await create(
      { file: fresh, cwd: folder, portable: true, mtime: fixedTime, follow: true },
      wheels.map(({ file }) => `./${file}`), // a name that begins with @ would be read as a list
    )
    const hash = createHash('sha256')
    for await (const chunk of createReadStream(fresh, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) hash.update(chunk)
    const sha256 = hash.digest('hex')
    const path = join(into, `wheels-${sha256}.tar`)
    await rename(fresh, path)
    return { path, sha256, sizeBytes: (await stat(path)).size }
  } finally {
    await rm(fresh, { force: true })
  }
}
