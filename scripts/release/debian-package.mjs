import { createHash } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { repository } from '../repository.mjs'
import { runChild } from './child.mjs'
import { makePlain } from './plain-tree.mjs'

/** What Electron loads beyond the C library, by the names of Debian 10 and later; the newer ones provide the older names. */
const libraries = [
  'libasound2 | libasound2t64',
  'libatk-bridge2.0-0 | libatk-bridge2.0-0t64',
  'libatk1.0-0 | libatk1.0-0t64',
  'libatspi2.0-0 | libatspi2.0-0t64',
  'libc6 (>= 2.28)',
  'libcairo2',
  'libcups2 | libcups2t64',
  'libdbus-1-3',
  'libdrm2',
  'libexpat1',
  'libgbm1',
  'libgcc-s1 | libgcc1',
  'libglib2.0-0 | libglib2.0-0t64',
  'libgtk-3-0 | libgtk-3-0t64',
  'libnspr4',
  'libnss3',
  'libpango-1.0-0',
  'libstdc++6',
  'libudev1',
  'libx11-6',
  'libxcb1',
  'libxcomposite1',
  'libxdamage1',
  'libxext6',
  'libxfixes3',
  'libxkbcommon0',
  'libxrandr2',
]
const recommended = ['libnotify4', 'libsecret-1-0', 'xdg-utils']

/**
 * A package for Debian and Ubuntu out of the folder of the desktop app. Needs `dpkg-deb`.
 *
 * @param {{ app: string, output: string, version: string, epochSeconds: number, signal?: AbortSignal }} options
 * @throws Error where dpkg-deb is not there, or refuses
 */
export async function makeDebianPackage({ app, output, version, epochSeconds, signal }) {
  const root = mkdtempSync(`${output}.tree-`)
  try {
    layOut(root, app)
    writeControl(root, version)
    makePlain(root, epochSeconds)
    const sandbox = join(root, 'opt', 'Shoal', 'chrome-sandbox')
    chmodSync(sandbox, 0o4755) // Chromium's sandbox where users may not make namespaces
    utimesSync(sandbox, epochSeconds, epochSeconds)
    const env = { ...process.env, SOURCE_DATE_EPOCH: String(epochSeconds) }
    // gzip: xz would save a tenth and take ten times as long, and in threads is not the same bytes on every machine
    await runChild('dpkg-deb', ['--root-owner-group', '-Zgzip', '-z6', '--build', root, output], { signal, env })
  } catch (error) {
    rmSync(output, { force: true })
    throw error
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

function layOut(root, app) {
  cpSync(app, join(root, 'opt', 'Shoal'), { recursive: true })
  put(root, 'usr/share/doc/shoal-desktop/copyright', copyright())
  put(root, 'usr/share/applications/shoal-desktop.desktop', entry)
  for (const icon of readdirSync(join(repository, 'build', 'icons'))) {
    const target = join(root, 'usr/share/icons/hicolor', icon.replace('.png', ''), 'apps', 'shoal-desktop.png')
    mkdirSync(dirname(target), { recursive: true })
    copyFileSync(join(repository, 'build', 'icons', icon), target)
  }
  mkdirSync(join(root, 'usr', 'bin'), { recursive: true })
  symlinkSync('/opt/Shoal/shoal-desktop', join(root, 'usr', 'bin', 'shoal-desktop'))
}

const entry = `[Desktop Entry]
Type=Application
Name=Shoal
Comment=Clusters of the machines you reach over SSH
Exec=/opt/Shoal/shoal-desktop %U
Icon=shoal-desktop
Categories=Development;
StartupWMClass=Shoal
MimeType=x-scheme-handler/shoal;
Terminal=false
`

const copyright = () => `${readFileSync(join(repository, 'LICENSE'), 'utf8')}
Electron and Chromium: /opt/Shoal/LICENSE.electron.txt and /opt/Shoal/LICENSES.chromium.html.
All else that others wrote: /opt/Shoal/resources/host/THIRD-PARTY-NOTICES.
`

function writeControl(root, version) {
  const files = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((item) => item.isFile())
    .map((item) => join(item.parentPath, item.name))
    .sort((one, other) => (one < other ? -1 : 1))
  const sizeKib = Math.ceil(files.reduce((sum, path) => sum + statSync(path).size, 0) / 1024)
  const sums = files.map((path) => `${createHash('md5').update(readFileSync(path)).digest('hex')}  ${relative(root, path)}\n`)
  put(root, 'DEBIAN/md5sums', sums.join(''))
  put(
    root,
    'DEBIAN/control',
    `Package: shoal-desktop
Version: ${version}
Architecture: ${process.arch === 'x64' ? 'amd64' : process.arch}
Maintainer: Shoal maintainers <maintainers@shoal.invalid>
Installed-Size: ${sizeKib}
Depends: ${libraries.join(', ')}
Recommends: ${recommended.join(', ')}
Section: devel
Priority: optional
Description: clusters of the machines you reach over SSH
 Turns the machines you can reach over SSH into one cluster, runs your jobs
 on it, and shows you live what it does.
`,
  )
}

function put(root, path, text) {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
}

// node scripts/release/debian-package.mjs APP OUTPUT: of an app that was built by other means.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [app, output] = process.argv.slice(2)
  if (output === undefined || !existsSync(join(app, 'chrome-sandbox')))
    throw new Error('usage: debian-package.mjs APP OUTPUT, APP being the folder of the built app')
  const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'))
  await makeDebianPackage({ app, output, version, epochSeconds: Number(process.env.SOURCE_DATE_EPOCH ?? 0) })
}
