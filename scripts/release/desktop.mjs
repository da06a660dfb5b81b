import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { repository } from '../repository.mjs'
import { runChild } from './child.mjs'
import { makeDebianPackage } from './debian-package.mjs'
import { makePlain } from './plain-tree.mjs'

/**
 * The desktop app of Linux: its folder as an archive, and a package for Debian and Ubuntu.
 * @param {import('./make-release.mjs').Release} release
 */
export async function makeDesktop(release) {
  const { version, leaveOut, isDryRun } = release
  leaveOut('AppImage and rpm', 'electron-builder fetches the tools for them from GitHub: run npm run package on a machine that reaches it')
  leaveOut('dmg and zip for macOS', 'they are made and signed on macOS, with npm run package')
  leaveOut('installer for Windows (nsis)', 'it is made on Windows, with npm run package')
  const ours = `shoal-desktop-${version}-linux-${process.arch}.tar.gz and .deb`
  if (process.platform !== 'linux') return leaveOut(ours, `this is ${process.platform}: they are made on Linux`)
  const { whyNot, folder: electron, found } = findElectron(isDryRun)
  if (whyNot !== undefined) return leaveOut(ours, whyNot)
  if (found !== wanted())
    leaveOut(`${ours}, to be given to others`, `these hold Electron ${found} in place of ${wanted()}: for trying out only`)
  await buildFrom(release, { electron, found })
}

const wanted = () => JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')).devDependencies.electron

/** Electron as a folder: the one that was asked for by name, or the one that its package has fetched. */
function findElectron(isDryRun) {
  const given = process.env.ELECTRON_OVERRIDE_DIST_PATH
  const folder = given ?? join(repository, 'node_modules', 'electron', 'dist')
  if (!existsSync(join(folder, 'electron')))
    return {
      whyNot: `there is no Electron in ${folder}: run npm run desktop once where GitHub or a mirror answers, or set ELECTRON_OVERRIDE_DIST_PATH`,
    }
  const found = readFileSync(join(folder, 'version'), 'utf8').trim().replace(/^v/, '')
  if (found !== wanted() && !isDryRun) return { whyNot: `the Electron in ${folder} is ${found}, and package.json wants ${wanted()}` }
  return { folder, found }
}

async function buildFrom({ folder, version, epochSeconds, signal, leaveOut }, { electron, found }) {
  const scratch = mkdtempSync(join(folder, 'desktop-'))
  try {
    const settings = { 'directories.output': scratch, electronDist: electron, electronVersion: found }
    const words = Object.entries(settings).map(([name, value]) => `-c.${name}=${value}`)
    await runChild(process.execPath, ['scripts/package-desktop.mjs', '--linux', 'dir', ...words], { signal })
    const name = `shoal-desktop-${version}-linux-${process.arch}`
    const app = join(scratch, name)
    renameSync(join(scratch, process.arch === 'x64' ? 'linux-unpacked' : `linux-${process.arch}-unpacked`), app)
    makePlain(app, epochSeconds)
    await packFolder({ parent: scratch, name, archive: join(folder, `${name}.tar.gz`), signal })
    const debian = join(folder, `shoal-desktop_${version}_${process.arch === 'x64' ? 'amd64' : process.arch}.deb`)
    try {
      await makeDebianPackage({ app, output: debian, version, epochSeconds, signal })
    } catch (error) {
      signal.throwIfAborted()
      leaveOut(debian.slice(folder.length + 1), error.message)
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

/** With GNU tar, for its size: half a GB. */
async function packFolder({ parent, name, archive, signal }) {
  const same = ['--sort=name', '--owner=0', '--group=0', '--numeric-owner', '--format=gnu']
  const tar = `${archive}.tar`
  await runChild('tar', [...same, '-cf', tar, '-C', parent, name], { signal })
  await runChild('gzip', ['-n', '-6', tar], { signal })
  renameSync(`${tar}.gz`, archive)
}
