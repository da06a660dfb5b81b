import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { repository } from '../tidy/repository-files.ts'

const folder = join(repository, 'dist', 'payload')
const lock = join(repository, 'dist', '.payload-lock')
/** A lock that is older belongs to a run that was killed. */
const staleLockMs = 180_000

/** The payload of this machine's processor, made when the sources have changed; returns the folder with the archive and its record. Test files share it: one makes it, the others wait. */
export async function ensurePayload(): Promise<string> {
  const given = process.env['SHOAL_TEST_PAYLOAD'] // a folder with one that was made before, for who changes nothing that is in it
  if (given !== undefined) return given
  mkdirSync(join(repository, 'dist'), { recursive: true })
  for (;;) {
    try {
      mkdirSync(lock)
      break
    } catch {
      if (existsSync(lock) && Date.now() - statSync(lock).mtimeMs > staleLockMs) rmSync(lock, { recursive: true, force: true })
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }
  try {
    await run(process.execPath, ['scripts/payload.mjs', '--arch', process.arch])
  } finally {
    rmSync(lock, { recursive: true, force: true })
  }
  return folder
}

/** Unpacks the archive for this processor in `source` below `target`; returns its folder. */
export function unpackPayload(source: string, target: string): string {
  const name = archiveIn(source)
  execFileSync('tar', ['-xzf', join(source, name), '-C', target])
  return join(target, name.replace(`-linux-${process.arch}.tar.gz`, ''))
}

/** The same payload with one more file, as a later version would be: another hash. Written into `target` with its record. */
export function makeOtherPayload(source: string, target: string): void {
  const name = archiveIn(source)
  const scratch = join(target, 'unpacked')
  mkdirSync(scratch, { recursive: true })
  const top = basename(unpackPayload(source, scratch))
  const text = `made by process ${process.pid}\n`
  writeFileSync(join(scratch, top, 'LATER'), text)
  appendFileSync(join(scratch, top, 'SHA256SUMS'), `${createHash('sha256').update(text).digest('hex')}  LATER\n`)
  execFileSync('/bin/sh', ['-c', 'tar -C "$1" -cf - "$2" | gzip -1 >"$3"', 'sh', scratch, top, join(target, name)])
  rmSync(scratch, { recursive: true })
  const archive = readFileSync(join(target, name))
  const record = { sha256: createHash('sha256').update(archive).digest('hex'), sizeBytes: archive.length }
  writeFileSync(join(target, name.replace('.tar.gz', '.json')), JSON.stringify(record))
}

function archiveIn(folder: string): string {
  const name = readdirSync(folder).find((each) => each.endsWith(`-linux-${process.arch}.tar.gz`))
  if (name === undefined) throw new Error(`there is no payload in ${folder}`)
  return name
}

function run(command: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = ''
    const child = spawn(command, args, { cwd: repository, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (said += text))
    child
      .on('error', reject)
      .on('close', (code) => (code === 0 ? resolve() : reject(new Error(`${args.join(' ')} ended with ${code}: ${said}`))))
  })
}
