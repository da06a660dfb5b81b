import { createHash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { ClusterError, toError } from '../../runtime/base/errors.ts'
import type { ExecResult, UploadOptions } from './host-connection.ts'
import { runCommand } from './run-command.ts'
import { runScript } from './run-script.ts'
import type { SshLink } from './ssh-link.ts'
import { StallWatch } from './stall-watch.ts'
import { uploadFailed } from './upload-failed.ts'
import { appendCommand, finishScript, giveUpScript, prepareScript } from './upload-scripts.ts'

type Paths = { readonly localPath: string; readonly remotePath: string }
type Upload = Paths & { readonly link: SshLink; readonly options: UploadOptions; readonly suffix: string }

const chunkBytes = 256 * 1024
/** A sum that differs twice is no accident of the line. */
const maxRounds = 2

/** Brings a file to a host; a file that is there with the same sum is left alone. */
export async function uploadFile(link: SshLink, paths: Paths, options: UploadOptions): Promise<void> {
  const upload: Upload = { ...paths, link, options, suffix: partSuffix(link, options) }
  await checkLocal(upload)
  for (let round = 1; ; round += 1) {
    const [word, value] = await ask(upload, prepareScript)
    if (word === 'there') return options.onProgress?.(options.sizeBytes)
    if (word === 'folder') throw uploadFailed(upload, { cause: 'is-folder' })
    if (word === 'no-sum') throw uploadFailed(upload, { cause: 'no-sha256' })
    const alreadyThere = Number(value)
    options.onProgress?.(alreadyThere)
    if (alreadyThere < options.sizeBytes) await send(upload, alreadyThere)
    const [ended, bytes] = await ask(upload, finishScript)
    if (ended === 'there') return options.onProgress?.(options.sizeBytes)
    if (round >= maxRounds) throw uploadFailed(upload, { cause: 'differs', said: `${bytes ?? '?'} bytes arrived` })
  }
}

/** Of file and host, so that uploads to a folder that hosts share do not write into one another's part. */
function partSuffix({ target }: SshLink, { sha256, partKey }: UploadOptions): string {
  const key = partKey ?? `${target.user}@${target.host}:${target.port}`
  return `.${sha256.slice(0, 12)}-${createHash('sha256').update(key).digest('hex').slice(0, 8)}.part`
}

async function checkLocal({ localPath, options }: Upload): Promise<void> {
  const found = await stat(localPath).catch((error: unknown) => {
    throw new ClusterError('not-found', `cannot upload ${localPath}: ${toError(error).message}`, { cause: error })
  })
  if (found.size !== options.sizeBytes) {
    throw new ClusterError(
      'bad-argument',
      `${localPath} has ${found.size} bytes, not ${options.sizeBytes}: it was changed after its sum was taken. Take it anew.`,
    )
  }
  if (!/^[0-9a-f]{64}$/.test(options.sha256))
    throw new ClusterError('bad-argument', `"${options.sha256}" is no sha256: 64 hex digits in small letters`)
}

/** The words after the mark in what a script said. */
async function ask(upload: Upload, script: string): Promise<string[]> {
  const { link, options, remotePath, suffix } = upload
  const mark = `shoal-${randomBytes(8).toString('hex')}`
  const mode = (options.mode ?? 0o600).toString(8)
  const args = [mark, remotePath, suffix, options.sha256, String(options.sizeBytes), mode]
  const result = await runScript(link, { text: script, args }, options.signal ? { signal: options.signal } : {})
  const line = result.stdout.split('\n').findLast((candidate) => candidate.startsWith(`${mark} `))
  if (line === undefined) throw await refused(upload, result)
  return line.trim().split(' ').slice(1)
}

async function send(upload: Upload, alreadyThere: number): Promise<void> {
  const { link, localPath, remotePath, suffix, options } = upload
  const watch = new StallWatch(link.timeouts.stallMs)
  const progress = { doneBytes: alreadyThere }
  const stdin = Readable.from(chunksFrom(upload, progress, watch), { objectMode: false, highWaterMark: chunkBytes })
  const signal = options.signal ? AbortSignal.any([options.signal, watch.signal]) : watch.signal
  try {
    const result = await runCommand(link, appendCommand(`${remotePath}${suffix}`), { stdin, signal })
    if (result.code !== 0) throw await refused(upload, result)
  } catch (error) {
    if (watch.signal.aborted)
      throw uploadFailed(upload, { cause: 'stalled', said: `${progress.doneBytes} of ${options.sizeBytes} bytes were sent` })
    if (error instanceof ClusterError && error.code === 'bad-argument')
      throw uploadFailed(upload, { cause: 'local', said: `${localPath}: ${error.message}` })
    throw error
  } finally {
    watch.stop()
  }
}

async function* chunksFrom({ localPath, options }: Upload, progress: { doneBytes: number }, watch: StallWatch): AsyncGenerator<Buffer> {
  const chunks: AsyncIterable<Buffer> = createReadStream(localPath, {
    start: progress.doneBytes,
    end: options.sizeBytes - 1,
    highWaterMark: chunkBytes,
  })
  for await (const chunk of chunks) {
    yield chunk // goes on when there is room for more
    progress.doneBytes += chunk.length
    watch.moved()
    options.onProgress?.(progress.doneBytes)
  }
  watch.lastSent()
}

/** After a full disk the part is taken away, so that the user of that machine can work again. */
async function refused(upload: Upload, result: ExecResult): Promise<ClusterError> {
  const failure = uploadFailed(upload, { said: result.stderr, code: result.code })
  if (failure.details['cause'] !== 'disk-full') return failure
  const free = await ask(upload, giveUpScript).catch(() => [] as string[]) // only for the message
  const [, freeKb, mountPoint] = free
  return freeKb === undefined
    ? failure
    : uploadFailed(upload, { said: result.stderr, code: result.code, space: `${freeKb} kB free on ${mountPoint ?? '?'}` })
}
