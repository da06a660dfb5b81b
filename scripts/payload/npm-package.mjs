import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { repository } from '../repository.mjs'

const cache = join(repository, '.cache', 'npm')

/**
 * The folder of a package that package-lock.json names: the installed one, or, for another platform than this, one fetched
 * into .cache and held against the lock's checksum.
 *
 * @param {string} name
 * @returns {string}
 */
export function packageFolder(name) {
  const installed = join(repository, 'node_modules', name)
  if (existsSync(join(installed, 'package.json'))) return installed
  const locked = JSON.parse(readFileSync(join(repository, 'package-lock.json'), 'utf8')).packages[`node_modules/${name}`]
  if (locked === undefined) throw new Error(`package-lock.json has no ${name}`)
  const folder = join(cache, `${name.replace('/', '-')}-${locked.version}-${locked.integrity.slice(-12, -2).replace(/\W/g, '')}`)
  if (!existsSync(folder)) fetchPackage({ name, folder, ...locked })
  return folder
}

/** Unpacks only after the checksum was found right, and moves the folder into place only when it is whole. */
function fetchPackage({ name, folder, version, integrity }) {
  mkdirSync(cache, { recursive: true })
  const scratch = mkdtempSync(join(cache, 'fetching-'))
  try {
    console.log(`payload: fetching ${name}@${version} …`)
    run('npm', ['pack', `${name}@${version}`, '--pack-destination', scratch, '--silent'])
    const archive = readdirSync(scratch).map((file) => join(scratch, file))[0]
    if (archive === undefined) throw new Error(`npm pack left no archive of ${name}@${version}`)
    const found = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`
    if (found !== integrity)
      throw new Error(`${name}@${version} from the registry has ${found}, but package-lock.json wants ${integrity}. Not used.`)
    run('tar', ['-xzf', archive, '-C', scratch])
    renameSync(join(scratch, 'package'), folder)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

function run(command, args) {
  const { status, error, stderr } = spawnSync(command, args, { cwd: repository, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${error?.message ?? stderr.trim()}`)
}
