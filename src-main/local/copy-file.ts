import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { chmod, mkdir, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { ClusterError, toError } from '../../runtime/base/errors.ts'
import type { SshTarget, UploadOptions } from '../ssh/host-connection.ts'
import { uploadFailed } from '../ssh/upload-failed.ts'

type Copy = { readonly localPath: string; readonly path: string; readonly target: SshTarget }

/** As `HostConnection.upload` says, on one computer. What was broken off is begun anew: it takes a moment. */
export async function copyFile({ localPath, path, target }: Copy, options: UploadOptions): Promise<void> {
  const { sha256, sizeBytes, mode = 0o600, signal, onProgress } = options
  const failed = (cause: 'is-folder' | 'differs') => uploadFailed({ link: { target }, remotePath: path }, { cause })
  const there = await stat(path).catch(() => undefined)
  if (there?.isDirectory() === true) throw failed('is-folder')
  if (there?.size === sizeBytes && (await hashOf(path)) === sha256) {
    await chmod(path, mode)
    return onProgress?.(sizeBytes)
  }
  await checkSource(localPath, sizeBytes)
  const part = `${path}.${sha256.slice(0, 12)}.part`
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    const hash = createHash('sha256')
    let doneBytes = 0
    onProgress?.(0)
    const counted = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        hash.update(chunk)
        doneBytes += chunk.byteLength
        onProgress?.(doneBytes)
        done(null, chunk)
      },
    })
    const source = createReadStream(localPath, { highWaterMark: 1024 * 1024 })
    await pipeline(source, counted, createWriteStream(part, { mode: 0o600 }), signal ? { signal } : {})
    if (hash.digest('hex') !== sha256) throw failed('differs')
    await chmod(part, mode)
    await rename(part, path)
  } catch (error) {
    await rm(part, { force: true }).catch(() => {}) // what went wrong first says why
    if (signal?.aborted) throw new ClusterError('link.closed', `copying ${localPath} was cancelled`)
    throw error instanceof ClusterError ? error : uploadFailed({ link: { target }, remotePath: path }, { said: toError(error).message })
  }
}

async function checkSource(localPath: string, sizeBytes: number): Promise<void> {
  const found = await stat(localPath).catch((error: unknown) => {
    throw new ClusterError('not-found', `cannot copy ${localPath}: ${toError(error).message}`, { cause: error })
  })
  if (found.size === sizeBytes) return
  throw new ClusterError(
    'bad-argument',
    `${localPath} has ${found.size} bytes, not ${sizeBytes}: it was changed after its sum was taken. Take it anew.`,
  )
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 }) as AsyncIterable<Buffer>) hash.update(chunk)
  return hash.digest('hex')
}
