import { chmod, readFile, rename, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import * as z from 'zod'
import { ClusterError } from '../../runtime/base/errors.ts'
import { inOrder } from './in-order.ts'
import { hasCode, writeFileSafely } from './write-file-safely.ts'

export type JsonFileOptions<T> = {
  readonly path: string
  readonly schema: z.ZodType<T>
  /** Of the shape that `schema` describes; counts up from 1. */
  readonly version: number
  /** What stands for a file that is not there, or was set aside. */
  readonly empty: () => T
  /** Brings data of an older version to this one. @default data of another version counts as broken */
  readonly migrate?: (data: unknown, fromVersion: number) => unknown
  /** @default 64 MiB */
  readonly maxBytes?: number
  /** False: after a power cut the file may be the one before. @default true */
  readonly isDurable?: boolean
}

const Envelope = z.object({ version: z.int().min(1), data: z.unknown() })

/**
 * A value that lives in memory and in a file of `{ version, data }`, for the one process that holds the folder.
 *
 * A file that cannot be read is never overwritten and never lost: it is moved to `<name>.broken-<time>`, and `warning` says so.
 */
export class JsonFile<T> {
  /** What a person should hear about how it was opened; undefined when all was well. */
  readonly warning: string | undefined
  readonly #options: JsonFileOptions<T>
  #data: T
  readonly #oneByOne = inOrder()

  private constructor(options: JsonFileOptions<T>, data: T, warning: string | undefined) {
    this.#options = options
    this.#data = data
    this.warning = warning
  }

  /** @throws ClusterError `not-supported` when a newer panel wrote it: it stays as it is */
  static async open<T>(options: JsonFileOptions<T>): Promise<JsonFile<T>> {
    const found = await readEnvelope(options)
    if (found.kind === 'missing') return new JsonFile(options, options.empty(), undefined)
    if (found.kind === 'read') return new JsonFile(options, found.data, undefined)
    const aside = `${options.path}.broken-${new Date().toISOString().replaceAll(':', '-')}`
    await rename(options.path, aside)
    const name = basename(options.path)
    return new JsonFile(
      options,
      options.empty(),
      `${name} could not be read (${found.why}). It was kept as ${aside}; ${name} starts empty.`,
    )
  }

  /** As it is in the file, or will be when the updates that wait are through. */
  get data(): T {
    return this.#data
  }

  /**
   * Writes what `change` makes of the data, after those that came before; resolves when it is in the file. When `change` throws, or the file
   * cannot be written, nothing has changed.
   * @throws ClusterError `too-large`, `store.disk-full`, `bad-argument`
   */
  update(change: (data: T) => T): Promise<T> {
    return this.#oneByOne(async () => this.#write(change(this.#data)))
  }

  async #write(data: T): Promise<T> {
    const { path, schema, version, maxBytes = defaultMaxBytes, isDurable = true } = this.#options
    const checked = schema.safeParse(data)
    if (!checked.success) throw new ClusterError('bad-argument', `${basename(path)} cannot hold that: ${z.prettifyError(checked.error)}`)
    const text = `${JSON.stringify({ version, data: checked.data })}\n`
    if (Buffer.byteLength(text) > maxBytes) {
      throw new ClusterError(
        'too-large',
        `${basename(path)} would be ${Buffer.byteLength(text)} bytes; at most ${maxBytes} are kept. Remove something first.`,
      )
    }
    await writeFileSafely(path, text, isDurable)
    this.#data = checked.data
    return checked.data
  }
}

const defaultMaxBytes = 64 * 1_048_576

type Read<T> = { kind: 'missing' } | { kind: 'broken'; why: string } | { kind: 'read'; data: T }

async function readEnvelope<T>(options: JsonFileOptions<T>): Promise<Read<T>> {
  const { path, version, schema, migrate, maxBytes = defaultMaxBytes } = options
  let text: string
  try {
    const { size, mode } = await stat(path)
    if (size > maxBytes) return { kind: 'broken', why: `${size} bytes, and at most ${maxBytes} are read` }
    if ((mode & 0o077) !== 0 && process.platform !== 'win32') await chmod(path, 0o600)
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return { kind: 'missing' }
    throw error // not ours to judge: no permission, a broken disk
  }
  const envelope = Envelope.safeParse(jsonOf(text))
  if (!envelope.success) return { kind: 'broken', why: 'it is not JSON with a version and data' }
  const { version: found, data } = envelope.data
  if (found > version) {
    throw new ClusterError(
      'not-supported',
      `${path} was written by a newer Shoal (version ${found}; this one reads up to ${version}). Use the newer one, or move the file away.`,
    )
  }
  try {
    if (found < version && !migrate) return { kind: 'broken', why: `version ${found} is not read any more` }
    const parsed = schema.safeParse(found < version && migrate ? migrate(data, found) : data)
    if (parsed.success) return { kind: 'read', data: parsed.data }
    const issue = parsed.error.issues[0]
    return { kind: 'broken', why: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'wrong'}` }
  } catch {
    return { kind: 'broken', why: `version ${found} could not be brought to version ${version}` }
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
