import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { ClusterError, toError } from '../../runtime/base/errors.ts'

export type Arch = 'x64' | 'arm64'

export type PayloadArchive = {
  readonly arch: Arch
  readonly version: string
  readonly path: string
  readonly sha256: string
  readonly sizeBytes: number
}

export type PayloadArchives = {
  /** Its archive; read whole and held against its record the first time, and again only when it was written anew. @throws ClusterError `not-found`, `store.corrupt` */
  get(arch: Arch): Promise<PayloadArchive>
  /** Those that are there, as their records say. */
  list(): Promise<PayloadArchive[]>
}

const Record = z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/), sizeBytes: z.int().min(1).max(1_000_000_000) })
const archiveName = /^shoal-(?<version>[\w.+-]{1,64})-linux-(?<arch>x64|arm64)\.tar\.gz$/

/** What a machine is given to run, as `npm run payload` leaves it in a folder of this computer. */
export function openPayloadArchives(folder: string): PayloadArchives {
  const checked = new Map<string, Promise<void>>()
  return {
    list: () => listArchives(folder),
    async get(arch) {
      const archive = (await listArchives(folder)).find((each) => each.arch === arch)
      if (!archive) {
        throw new ClusterError(
          'not-found',
          `there is no payload for linux-${arch} in ${folder}; make it with "npm run payload -- --arch ${arch}"`,
          { details: { folder, arch } },
        )
      }
      const { mtimeMs } = await stat(archive.path)
      const key = `${archive.path} ${archive.sha256} ${mtimeMs}`
      const check = checked.get(key) ?? checkArchive(archive)
      checked.set(key, check)
      try {
        await check
      } catch (error) {
        checked.delete(key)
        throw error
      }
      return archive
    },
  }
}

/** Of several versions the one that was made last. */
async function listArchives(folder: string): Promise<PayloadArchive[]> {
  const names = await readdir(folder).catch(() => [])
  const found = await Promise.all(names.map((name) => readArchive(folder, name)))
  const newest = new Map<Arch, { archive: PayloadArchive; madeMs: number }>()
  for (const each of found) {
    if (each && each.madeMs >= (newest.get(each.archive.arch)?.madeMs ?? 0)) newest.set(each.archive.arch, each)
  }
  return [...newest.values()].map(({ archive }) => archive)
}

async function readArchive(folder: string, name: string): Promise<{ archive: PayloadArchive; madeMs: number } | undefined> {
  const { version, arch } = archiveName.exec(name)?.groups ?? {}
  if (version === undefined || (arch !== 'x64' && arch !== 'arm64')) return undefined
  const path = join(folder, name)
  try {
    const record = Record.parse(JSON.parse(await readFile(join(folder, `${name.slice(0, -'.tar.gz'.length)}.json`), 'utf8')))
    return { archive: { arch, version, path, ...record }, madeMs: (await stat(path)).mtimeMs }
  } catch {
    return undefined // without a record it is being made, or a making was broken off
  }
}

async function checkArchive({ path, sha256, sizeBytes }: PayloadArchive): Promise<void> {
  const hash = createHash('sha256')
  let bytes = 0
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
      hash.update(chunk)
      bytes += chunk.length
    }
  } catch (error) {
    throw new ClusterError('not-found', `the payload ${path} cannot be read: ${toError(error).message}`, { cause: error })
  }
  if (bytes === sizeBytes && hash.digest('hex') === sha256) return
  throw new ClusterError(
    'store.corrupt',
    `the payload ${path} is not what its record says (${bytes} bytes); make it again with "npm run payload"`,
    {
      details: { path, bytes, sizeBytes },
    },
  )
}
