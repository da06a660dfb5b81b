import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { gzipSync } from 'node:zlib'
import { stageHost } from '../package/host-folder.mjs'
import { sha256SumsOf, tarOf } from '../payload/tar-archive.mjs'
import { repository } from '../repository.mjs'

/**
 * The command line and the web panel with a Node of their own, to unpack and run: for computers without npm, or without internet. For the system and the
 * processor that it is made on, as its native parts are those that are installed here.
 *
 * @param {import('./make-release.mjs').Release} release
 */
export async function makeServerArchive({ folder, version, leaveOut }) {
  const other = process.arch === 'x64' ? 'arm64' : 'x64'
  leaveOut(
    `shoal-server-${version}-linux-${other}.tar.gz`,
    `its native parts are installed only on a ${other} machine: make the release there too`,
  )
  if (process.platform !== 'linux')
    return leaveOut(`shoal-server-${version}-linux-${process.arch}.tar.gz`, `this is ${process.platform}: make it on Linux`)
  const name = `shoal-server-${version}-linux-${process.arch}`
  const launcher = readFileSync(join(repository, 'scripts', 'payload', 'launcher.sh'), 'utf8').replace(
    '/lib/cli.mjs',
    '/dist/panel/cli.mjs',
  )
  const runtime = join(repository, 'dist', 'runtime')
  const files = [
    ...filesIn(stageHost()),
    ...filesIn(runtime)
      .filter(({ path }) => !/\.map$|build\.json$/.test(path))
      .map((file) => ({ ...file, path: `dist/runtime/${file.path}` })),
    { path: 'bin/shoal', content: Buffer.from(launcher), isExecutable: true },
  ]
  const all = [...files, { path: 'SHA256SUMS', content: Buffer.from(sha256SumsOf(files)) }]
  const tar = tarOf(all.map((file) => ({ ...file, path: `${name}/${file.path}` })))
  writeFileSync(join(folder, `${name}.tar.gz`), gzipSync(tar, { level: 6 }))
}

function filesIn(folder) {
  if (!existsSync(folder)) throw new Error(`${folder} is not there: run npm run build`)
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({
      path: relative(folder, path).replaceAll('\\', '/'),
      content: readFileSync(path),
      isExecutable: (statSync(path).mode & 0o100) !== 0,
    }))
}
