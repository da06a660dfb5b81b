import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { repository } from '../tidy/repository-files.ts'

/** A repository of its own: the real scripts and packages, and such sources as a test writes. */
export type ScratchTree = {
  readonly folder: string
  write(path: string, text: string): void
  remove(path: string): void
  /** Runs `node scripts/<script>` to its end. */
  run(script: string, args?: readonly string[], env?: NodeJS.ProcessEnv): { code: number | null; stdout: string; output: string }
  [Symbol.dispose](): void
}

/** One source for each thing that the build makes; each prints its name. */
const entrySources = [
  ...['sdk/index', 'sdk/resolve-shoal', 'head/main', 'head/history/thread', 'node/main', 'worker/main', 'worker/ray/main', 'cli/main'].map(
    (path) => `runtime/${path}`,
  ),
  'src-main/cli/main',
]

export function createScratchTree(options: { packages?: 'linked' | 'none' } = {}): ScratchTree {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-scratch-'))
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  for (const path of ['scripts', 'package.json', 'package-lock.json', 'vitest.config.ts', 'vite.config.ts']) {
    cpSync(join(repository, path), join(folder, path), { recursive: true })
  }
  if (options.packages !== 'none') symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'))
  for (const path of entrySources) write(`${path}.ts`, `console.log('${path}')\n`)
  for (const path of ['src-main/contract', 'runtime/api', 'runtime/base']) write(`${path}/nothing.ts`, 'export {}\n') // the page is made of these too
  write('runtime/ray-bridge/driver.py', '"""Copied as it is."""\n')
  write('src-renderer/index.html', '<!doctype html><title>page</title>\n')
  return {
    folder,
    write,
    remove: (path) => rmSync(join(folder, path)),
    run(script, args = [], env = {}) {
      const { status, stdout, stderr } = spawnSync(process.execPath, [join('scripts', script), ...args], {
        cwd: folder,
        encoding: 'utf8',
        env: { ...process.env, CI: '', ...env },
      })
      return { code: status, stdout, output: stdout + stderr }
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}
