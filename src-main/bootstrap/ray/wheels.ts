import { createHash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { create } from 'tar'
import { ClusterError, toError } from '../../../runtime/base/errors.ts'

/** Several packages for Python as one tar file, for machines that reach no package index. */
export type WheelsArchive = { readonly path: string; readonly sha256: string; readonly sizeBytes: number }

export type WheelsArchives = {
  /**
   * The wheels of a folder, packed once for as long as they stay the same. `version`: of the Ray that must be among them.
   * @throws ClusterError `bad-argument` when there is no such folder, or no such Ray in it; `limit.reached`
   */
  get(wanted: WheelsWanted): Promise<WheelsArchive>
}
export type WheelsWanted = { readonly folder: string; readonly version: string }

const mostWheels = 2_000
/** Archives that are kept: who has more folders of wheels waits for their packing again. */
const mostArchives = 4
/** One for all, so that the same wheels give the same bytes. */
const fixedTime = new Date(Date.UTC(2000, 0, 1))

/** `into`: for archives alone; what an earlier panel left in it is removed. */
export async function openWheelsArchives(into: string): Promise<WheelsArchives> {
  await rm(into, { recursive: true, force: true })
  const packed = new Map<string, Promise<WheelsArchive>>()
  return {
    async get({ folder, version }) {
      const files = await listWheels(folder, version)
      const stats = await Promise.all(files.map((file) => stat(join(folder, file))))
      const key = JSON.stringify([folder, files.map((file, index) => [file, stats[index]?.size, stats[index]?.mtimeMs])])
      const known = packed.get(key)
      if (known) return known
      const packing = packWheels({ folder, files, into })
      packed.set(key, packing)
      packing.catch(() => packed.delete(key))
      for (const [oldest, old] of packed) {
        if (packed.size <= mostArchives) break
        packed.delete(oldest)
        void old.then(({ path }) => rm(path, { force: true })).catch(() => {}) // the next panel removes it
      }
      return packing
    },
  }
}

async function listWheels(folder: string, version: string): Promise<string[]> {
  const files = await readdir(folder).catch((error: unknown) => {
    throw new ClusterError('bad-argument', `the wheels cannot be read: ${toError(error).message}; give a folder of this computer`)
  })
  const wheels = files.filter((file) => /^[\w.]+-[^-]+(?:-\d[^-]*)?-[^-]+-[^-]+-[^-]+\.whl$/.test(file)).toSorted()
  const found = wheels.flatMap((file) => /^ray-([^-]+)-/.exec(file)?.[1] ?? [])
  if (!found.includes(version)) {
    const others = found.length === 0 ? '' : `, but ${[...new Set(found)].join(', ')}`
    throw new ClusterError(
      'bad-argument',
      `there is no wheel of Ray ${version} in ${folder}${others}; fill it, with the Python of the machines: pip download -d ${folder} "ray[default]==${version}" pip`,
      { details: { field: 'ray.wheels' } },
    )
  }
  if (wheels.length > mostWheels)
    throw new ClusterError('limit.reached', `there are ${wheels.length} wheels in ${folder}, more than ${mostWheels}`)
  return wheels
}

type Packing = { readonly folder: string; readonly files: readonly string[]; readonly into: string }

/** Into a file that is named by its content. */
async function packWheels({ folder, files, into }: Packing): Promise<WheelsArchive> {
  await mkdir(into, { recursive: true, mode: 0o700 })
  const fresh = join(into, `.${randomUUID()}.tar`)
  try {
    await create(
      { file: fresh, cwd: folder, portable: true, mtime: fixedTime, follow: true },
      files.map((file) => `./${file}`), // a name that begins with @ would be read as a list
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
