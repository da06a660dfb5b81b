import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ensureBuilt } from './build.mjs'
import { ensureInstalled } from './install.mjs'
import { ensurePayloads } from './payload.mjs'
import { ensureRenderer } from './renderer.mjs'
import { repository } from './repository.mjs'
import { runOnThisTerminal } from './run-command.mjs'
import { runtimeNode } from './runtime-node.mjs'

// `npm run desktop`: the panel in windows of its own. `npm run desktop -- shoal://open/machines` opens a page.
ensureInstalled()
const electron = findElectron() ?? installElectron()
process.exitCode = electron === undefined ? 1 : await start(electron)

async function start(program) {
  await ensureBuilt({ quiet: true, parts: ['runtime', 'panel', 'desktop'] })
  await ensureRenderer({ quiet: true })
  ensurePayloads() // what it puts on machines
  const isRoot = process.platform === 'linux' && process.getuid?.() === 0
  if (isRoot) console.log('As root Chromium has no sandbox: for trying it out only.')
  const args = [repository, ...(isRoot ? ['--no-sandbox'] : []), ...process.argv.slice(2)]
  return runOnThisTerminal(program, args, { env: { ...process.env, SHOAL_NODE: runtimeNode() } })
}

/** One that was fetched by hand or from a mirror, else the one of package.json where it was downloaded before. */
function findElectron() {
  const folders = [process.env.ELECTRON_OVERRIDE_DIST_PATH, join(repository, 'node_modules', 'electron', 'dist')]
  const names = { darwin: 'Electron.app/Contents/MacOS/Electron', win32: 'electron.exe' }
  return folders
    .filter((folder) => folder !== undefined)
    .map((folder) => join(folder, names[process.platform] ?? 'electron'))
    .find((path) => existsSync(path))
}

/** Electron's package brings its binary when it is asked to, from GitHub or ELECTRON_MIRROR. */
function installElectron() {
  const folder = join(repository, 'node_modules', 'electron')
  if (!existsSync(join(folder, 'install.js'))) return complain('the package electron is not installed; run npm ci without --omit=dev')
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  console.log(`Fetching Electron ${version} (120 MB, once) …`)
  const { status, stderr } = spawnSync(process.execPath, [join(folder, 'install.js')], {
    stdio: ['ignore', 'inherit', 'pipe'],
    encoding: 'utf8',
  })
  return status === 0 ? findElectron() : complain(reasonIn(stderr))
}

function reasonIn(text) {
  if (/fetch failed|ENOTFOUND|ECONNREFUSED|ETIMEDOUT/.test(text))
    return `${process.env.ELECTRON_MIRROR ?? 'https://github.com'} did not answer.`
  return (
    text
      .split('\n')
      .find((line) => /error/i.test(line))
      ?.trim() ?? 'its installer did not say why.'
  )
}

function complain(reason) {
  console.error(
    `Electron could not be had: ${reason}\n` +
      'The same panel in the browser:  npm start\n' +
      'Electron from a mirror:         ELECTRON_MIRROR=<address> npm run desktop\n' +
      'Electron that you have already: ELECTRON_OVERRIDE_DIST_PATH=<its folder> npm run desktop',
  )
}
