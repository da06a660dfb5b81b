import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { repository } from '../repository.mjs'
import { sha256 } from './tar-archive.mjs'

const gnuNames = { x64: 'x86_64-linux-gnu-strip', arm64: 'aarch64-linux-gnu-strip' }

/**
 * An executable without its debug information (node 24: 127 MB becomes 108 MB), kept in .cache by its content.
 * Where no tool here can do it for that processor, the executable as it is, and a line that says so.
 *
 * @param {string} path
 * @param {'x64' | 'arm64'} arch
 * @returns {Buffer}
 */
export function strippedBinary(path, arch) {
  const original = readFileSync(path)
  const folder = join(repository, '.cache', 'stripped')
  const kept = join(folder, sha256(original))
  if (existsSync(kept)) return readFileSync(kept)
  mkdirSync(folder, { recursive: true })
  const tools = [...(arch === process.arch ? ['strip'] : []), gnuNames[arch], 'llvm-strip', 'eu-strip']
  const scratch = `${kept}.${process.pid}`
  const done = tools.some((tool) => spawnSync(tool, ['--strip-all', '-o', scratch, path], { stdio: 'ignore' }).status === 0)
  if (!done) {
    console.log(`payload: none of ${tools.join(', ')} can strip an ${arch} executable here; it stays as it is (about 8 MB more to upload)`)
    return original
  }
  renameSync(scratch, kept)
  return readFileSync(kept)
}
