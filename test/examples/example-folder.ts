import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { runtimeNode } from '#runtime/session/daemon.ts'
import { repository } from '../tidy/repository-files.ts'

const execute = promisify(execFile)

/** A copy of an example with its packages, as somebody has it after `npm ci` there. */
export class ExampleFolder {
  readonly path: string
  private constructor(path: string) {
    this.path = path
  }

  /** Packages are installed once for the same lock file, and kept. @throws Error with the words of npm when they cannot be had */
  static async make(name: string, parent: string): Promise<ExampleFolder> {
    const source = join(repository, 'examples', name)
    const path = join(parent, name)
    cpSync(source, path, { recursive: true, filter: (file) => !file.includes('node_modules') })
    const lock = join(source, 'package-lock.json')
    if (existsSync(lock)) symlinkSync(await installed(source, readFileSync(lock)), join(path, 'node_modules'))
    return new ExampleFolder(path)
  }

  /** What a program of it prints on this machine, without a cluster. @throws Error when it fails */
  async run(...args: readonly string[]): Promise<string> {
    const { stdout } = await execute(runtimeNode(), [...args], { cwd: this.path, maxBuffer: 1 << 26 })
    return stdout
  }
}

async function installed(source: string, lock: Uint8Array): Promise<string> {
  const manifest = readFileSync(join(source, 'package.json'))
  const folder = join(
    repository,
    '.cache',
    'example-packages',
    createHash('sha256').update(manifest).update(lock).digest('hex').slice(0, 16),
  )
  if (existsSync(join(folder, 'node_modules', '.package-lock.json'))) return join(folder, 'node_modules')
  mkdirSync(folder, { recursive: true })
  for (const file of ['package.json', 'package-lock.json']) cpSync(join(source, file), join(folder, file))
  try {
    await execute('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder, timeout: 240_000 })
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
  return join(folder, 'node_modules')
}
