import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { swapFolder } from '../swap-folder.mjs'

/**
 * Makes a folder whole or not at all: in a folder beside it, which takes its place at the end. When making fails, or Ctrl-C comes, what stood there before
 * stays, and nothing else does.
 *
 * @param {string} folder
 * @param {(making: string, signal: AbortSignal) => Promise<void>} make
 * @throws what `make` throws, or the reason of the signal
 */
export async function intoPlace(folder, make) {
  removeLeftovers(folder)
  const making = `${folder}.making-${process.pid}`
  const control = new AbortController()
  const stop = (name) => control.abort(new Error(`stopped by ${name}; ${folder} is as it was`))
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
  for (const name of signals) process.on(name, stop)
  try {
    mkdirSync(making, { recursive: true })
    await make(making, control.signal)
    control.signal.throwIfAborted()
    swapFolder(making, folder)
  } catch (error) {
    throw control.signal.aborted ? control.signal.reason : error // what was broken off complains too
  } finally {
    for (const name of signals) process.off(name, stop)
    rmSync(making, { recursive: true, force: true })
  }
}

/** Of a process that was killed in the middle. */
function removeLeftovers(folder) {
  const parent = dirname(folder)
  for (const name of existsSync(parent) ? readdirSync(parent) : []) {
    const pid = Number(name.startsWith(`${basename(folder)}.making-`) ? /\.making-(\d+)/.exec(name)?.[1] : Number.NaN)
    if (pid > 0 && !isAlive(pid)) rmSync(join(parent, name), { recursive: true, force: true })
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}
