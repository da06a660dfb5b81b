// Runs before node_modules exists: Node's own modules only.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { repository } from './repository.mjs'

const oldestNode = [20, 19]

/**
 * Makes node_modules hold what package-lock.json says: `npm ci` where it is missing or another, nothing where it is right (3 ms).
 * Ends the process with one plain message when Node is too old or the packages cannot be had.
 */
export function ensureInstalled() {
  const complaint = complaintAboutNode(process.versions.node) ?? installUnlessRight()
  if (complaint === undefined) return
  console.error(complaint)
  process.exit(1)
}

/** What to tell somebody whose Node is too old, or undefined. @param {string} version such as `20.19.4` */
export function complaintAboutNode(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const isNewEnough = major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])
  return isNewEnough
    ? undefined
    : `Shoal needs Node ${oldestNode.join('.')} or newer; this is ${version}. Install a newer one (https://nodejs.org) and run the command again.`
}

function installUnlessRight() {
  if (isInstalled()) return undefined
  console.error('Installing the packages of package-lock.json (npm ci) …')
  const npm = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: repository,
    env: { ...process.env, PATH: pathWithoutOurs() },
    stdio: ['ignore', 'inherit', 'pipe'],
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    shell: process.platform === 'win32',
  })
  if (npm.error !== undefined) return `npm did not start (${npm.error.message}). Install Node together with npm, and run the command again.`
  const [words = ''] = npm.stderr.split('npm error Clean install a project') // a page on how to use npm follows
  const complaint = words.split('\n').filter((line) => line !== '' && line !== 'npm error' && !line.startsWith('npm warn'))
  if (npm.status === 0 && isInstalled()) return undefined
  if (npm.status === 0)
    return 'npm ci ended well, yet node_modules does not hold what package-lock.json names. Remove node_modules and run the command again.'
  const unreachable = /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH)\b/.exec(npm.stderr)?.[1]
  if (unreachable === undefined)
    return `${complaint.join('\n')}\nnpm ci failed (exit code ${npm.status ?? npm.signal}); its own words are above.`
  return (
    `The packages could not be fetched: the npm registry did not answer (${unreachable}). ` +
    'Connect to the internet, or name a registry that this machine reaches with `npm config set registry <url>`, and run the command again.'
  )
}

/** Compares with the lock that npm leaves in node_modules. A package left out there must be an optional one of another platform. */
function isInstalled() {
  const installedLock = join(repository, 'node_modules', '.package-lock.json')
  if (!existsSync(installedLock)) return false
  const { packages: wanted } = JSON.parse(readFileSync(join(repository, 'package-lock.json'), 'utf8'))
  const { packages: found } = JSON.parse(readFileSync(installedLock, 'utf8'))
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '') return true
    if (found[path] !== undefined) return found[path].version === entry.version && existsSync(join(repository, path, 'package.json'))
    return entry.optional === true || entry.devOptional === true || entry.peer === true
  })
}

/** npm puts our own `.bin` (which holds a `node`) first in PATH, and `npm ci` removes it under its own feet. */
function pathWithoutOurs() {
  const ours = join(repository, 'node_modules', '.bin')
  return (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => folder !== ours)
    .join(delimiter)
}
