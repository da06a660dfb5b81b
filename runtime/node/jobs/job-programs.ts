import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runtimeNode } from '../../session/daemon.ts'

/** `text` as one word of a POSIX shell. */
export const shellQuote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

/** Beside us when bundled, else the source. */
function partPath(bundledName: string, source: string): string {
  const here = fileURLToPath(new URL('.', import.meta.url))
  const bundled = [join(here, bundledName), join(here, '..', bundledName)].find((path) => existsSync(path))
  return bundled ?? join(here, '..', '..', source)
}

/**
 * Makes a folder for the front of a job's PATH: `node` runs TypeScript and finds `shoal` with nothing installed, and `shoal` is the
 * command line. Scripts rather than NODE_OPTIONS, which would reach, and break, any other Node that the job calls by its path.
 */
export function makeJobPrograms(folder: string): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const node = runtimeNode()
  const hook = partPath('resolve-shoal.mjs', 'sdk/resolve-shoal.ts')
  const cli = partPath('cli.mjs', 'cli/main.ts')
  const quiet = '--disable-warning=MODULE_TYPELESS_PACKAGE_JSON'
  writeProgram(
    join(folder, 'node'),
    `exec ${shellQuote(node)} ${quiet} --import ${shellQuote(new URL(`file://${encodeURI(hook)}`).href)} "$@"`,
  )
  writeProgram(join(folder, 'shoal'), `exec ${shellQuote(node)} ${shellQuote(cli)} "$@"`)
  return folder
}

/** A script that `sh` runs. */
export function writeProgram(path: string, command: string): void {
  writeFileSync(path, `#!/bin/sh\n${command}\n`, { mode: 0o700 })
  chmodSync(path, 0o700)
}
