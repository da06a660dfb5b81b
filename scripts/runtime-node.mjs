import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { repository } from './repository.mjs'

/** Node that runs `.ts` files by itself and has node:sqlite. */
const oldestOwnNode = [22, 18]

/**
 * The Node that daemons, workers and examples run on: the one of the payload where npm has it for this platform, else the one
 * that runs this script if it is new enough. Ends the process with a plain message where there is neither.
 *
 * @returns {string} path of the executable
 */
export function runtimeNode() {
  const bundled = join(repository, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node')
  if (existsSync(bundled)) return bundled
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > oldestOwnNode[0] || (major === oldestOwnNode[0] && minor >= oldestOwnNode[1])) return process.execPath
  console.error(
    `Shoal brings no Node for ${process.platform}-${process.arch}, and this one (${process.versions.node}) is older than ${oldestOwnNode.join('.')}. ` +
      'Install Node 24 (https://nodejs.org) and run the command again.',
  )
  return process.exit(1)
}
