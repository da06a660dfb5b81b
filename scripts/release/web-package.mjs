import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { bundledPackages, payloadRecord } from '../package/host-folder.mjs'
import { noticesOf } from '../payload/notices.mjs'
import { tarOf } from '../payload/tar-archive.mjs'
import { repository } from '../repository.mjs'
import { runChild } from './child.mjs'

/** Of package.json, what somebody who installs the package needs. */
const keptFields = ['name', 'version', 'description', 'license', 'type', 'engines', 'bin', 'dependencies', 'optionalDependencies']

/**
 * The package for `npm install -g`: what `files` in package.json names, the payloads of this release, the types of the SDK, and the licences of what is bundled.
 * npm says which files these are; the archive is ours, so that the same files are the same bytes whatever npm packs them.
 *
 * @param {import('./make-release.mjs').Release} release
 */
export async function makeWebPackage({ folder, version, payloads, signal }) {
  const names = (await packedNames(signal)).filter((name) => !name.startsWith('dist/payload/') && name !== 'package.json')
  const manifest = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'))
  const programs = Object.values(manifest.bin).map((path) => path.replace(/^\.\//, ''))
  const files = [
    ...names.map((path) => ({ path, content: readFileSync(join(repository, path)), isExecutable: programs.includes(path) })),
    ...payloads.flatMap(({ path, record }) => [
      { path: `dist/payload/${basename(path)}`, content: readFileSync(path) },
      { path: `dist/payload/${basename(path, '.tar.gz')}.json`, content: Buffer.from(payloadRecord(record)) },
    ]),
    ...(await declarations(signal)),
    { path: 'package.json', content: Buffer.from(`${JSON.stringify(manifestOf(manifest), null, 2)}\n`) },
    { path: 'THIRD-PARTY-NOTICES', content: Buffer.from(noticesOf(bundledPackages().map((name) => ({ name })))) },
  ]
  const tar = tarOf(files.map((file) => ({ ...file, path: `package/${file.path}` })))
  writeFileSync(join(folder, `shoal-${version}.tgz`), gzipSync(tar, { level: 6 }))
}

async function packedNames(signal) {
  const answer = await runChild('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { signal })
  const [{ files }] = JSON.parse(answer)
  return files.map(({ path }) => path)
}

const manifestOf = (manifest) => ({
  ...Object.fromEntries(keptFields.map((name) => [name, manifest[name]])),
  exports: {
    '.': { types: './types/sdk/index.d.ts', default: './dist/runtime/shoal.mjs' },
    './package.json': './package.json',
  },
})

/** The types of `import 'shoal'`, as declarations: whoever installs the package has other compiler settings than our sources want. */
async function declarations(signal) {
  const scratch = mkdtempSync(join(tmpdir(), 'shoal-types-'))
  try {
    const project = {
      extends: join(repository, 'tsconfig.json'),
      compilerOptions: {
        noEmit: false,
        declaration: true,
        emitDeclarationOnly: true,
        outDir: join(scratch, 'types'),
        rootDir: join(repository, 'runtime'),
        typeRoots: [join(repository, 'node_modules', '@types')],
        noUnusedLocals: false,
      },
      files: [join(repository, 'runtime', 'sdk', 'index.ts')],
      include: [],
    }
    writeFileSync(join(scratch, 'tsconfig.json'), JSON.stringify(project))
    await runChild(process.execPath, [join(repository, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', scratch], { signal })
    return readdirSync(join(scratch, 'types'), { recursive: true })
      .map((name) => `types/${name.replaceAll('\\', '/')}`)
      .filter((path) => path.endsWith('.d.ts'))
      .map((path) => ({ path, content: readFileSync(join(scratch, path)) }))
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}
