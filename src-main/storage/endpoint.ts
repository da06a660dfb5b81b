import { randomBytes } from 'node:crypto'
import { readdirSync, rmSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { ClusterError } from '../../runtime/base/errors.ts'
import { type DataFolder, findHolder } from './data-folder.ts'
import { writeFileSafely } from './write-file-safely.ts'

/** Where a running panel answers, and what it wants to hear first. */
export type Endpoint = { readonly url: string; readonly token: string; readonly pid: number; readonly startedAtMs: number }

const recordName = 'endpoint.json'
const tokenName = /^endpoint-token-[0-9a-f]{16}$/
const Record = z.object({
  url: z.url({ protocol: /^https?$/, hostname: /^(127\.0\.0\.1|localhost|\[::1\])$/ }),
  tokenFile: z.string().regex(tokenName),
  pid: z.int().min(1),
  startedAtMs: z.number(),
})

/**
 * Leaves word of where this panel answers, so that the command line finds it. Returns what takes it away again.
 * The token lies in a file of its own, 0600; the record names it.
 */
export async function writeEndpoint(folder: DataFolder, endpoint: { url: string; token: string }): Promise<() => Promise<void>> {
  removeEndpoint(folder.path)
  const tokenFile = `endpoint-token-${randomBytes(8).toString('hex')}`
  const record = { url: endpoint.url, tokenFile, pid: process.pid, startedAtMs: Date.now() } satisfies z.infer<typeof Record>
  const checked = Record.safeParse(record)
  if (!checked.success) {
    throw new ClusterError('bad-argument', `${endpoint.url} is no address on this computer: a panel answers on 127.0.0.1 only`)
  }
  await writeFileSafely(folder.file(tokenFile), endpoint.token)
  await writeFileSafely(folder.file(recordName), JSON.stringify(record))
  return async () => removeEndpoint(folder.path)
}

/**
 * The panel that holds the folder now; undefined when none does, or it has no address yet.
 * @throws ClusterError `bad-argument` when other users may read its token
 */
export async function readEndpoint(folderPath: string): Promise<Endpoint | undefined> {
  const record = await readRecord(folderPath)
  const holder = record && (await findHolder(folderPath))
  if (!record || holder?.pid !== record.pid) return undefined // left by one that was killed
  const path = join(folderPath, record.tokenFile)
  try {
    const { mode, uid } = await stat(path)
    if (process.getuid && (uid !== process.getuid() || (mode & 0o077) !== 0)) {
      throw new ClusterError(
        'bad-argument',
        `${path} can be read by other users. End the panel, delete that file, and start the panel again.`,
      )
    }
    const { tokenFile: _, ...rest } = record
    return { ...rest, token: (await readFile(path, 'utf8')).trim() }
  } catch (error) {
    if (error instanceof ClusterError) throw error
    return undefined // the panel ended meanwhile
  }
}

async function readRecord(folderPath: string): Promise<z.infer<typeof Record> | undefined> {
  try {
    return Record.parse(JSON.parse(await readFile(join(folderPath, recordName), 'utf8')))
  } catch {
    return undefined // none, or of a version that wrote another: who holds the folder is found without it
  }
}

/** With tokens that were never told of, as their panel was killed before. At once, for a process that may not wait any more. */
export function removeEndpoint(folderPath: string): void {
  for (const name of readdirSync(folderPath))
    if (name === recordName || tokenName.test(name)) rmSync(join(folderPath, name), { force: true })
}
