import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { repository } from '../repository.mjs'
import { runChild } from './child.mjs'

/**
 * Makes the same release again from a copy of the tree in another place, with nothing built before, and compares.
 *
 * @param {import('./make-release.mjs').Release} release the one that was made
 * @returns {Promise<string[]>} what differs, a line each; none when every file has the same bytes
 */
export async function differencesOfSecondBuild({ folder, version, epochSeconds, only, archs, signal }) {
  const scratch = mkdtempSync(join(tmpdir(), 'shoal-second-build-'))
  try {
    const tree = join(scratch, 'elsewhere', 'tree')
    copyTree(tree)
    const words = ['--dry-run', '--only', only.join(','), '--arch', archs.join(','), '--output', join(scratch, 'release')]
    const env = { ...process.env, SOURCE_DATE_EPOCH: String(epochSeconds) }
    await runChild(process.execPath, [join(tree, 'scripts', 'release.mjs'), ...words], { signal, cwd: tree, env })
    return differences(readSums(folder), readSums(join(scratch, 'release', version)))
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

/** What git knows or would take, the packages, and what was fetched for other processors. */
function copyTree(tree) {
  const { stdout, status } = spawnSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: repository,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error('git does not list the files of this tree, so it cannot be copied for a second build')
  for (const path of stdout.split('\0').filter((name) => name !== '' && name !== 'node_modules')) {
    mkdirSync(dirname(join(tree, path)), { recursive: true })
    cpSync(join(repository, path), join(tree, path))
  }
  // a link would not do: the bundler names its parts by where their sources lie, seen from the tree
  cpSync(realpathSync(join(repository, 'node_modules')), join(tree, 'node_modules'), { recursive: true, verbatimSymlinks: true })
  symlinkSync(join(repository, '.cache'), join(tree, '.cache'))
}

const readSums = (folder) =>
  new Map(
    readFileSync(join(folder, 'SHA256SUMS'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => [line.slice(66), line.slice(0, 64)]),
  )

function differences(first, second) {
  const names = [...new Set([...first.keys(), ...second.keys()])].sort((one, other) => (one < other ? -1 : 1))
  return names
    .filter((name) => first.get(name) !== second.get(name))
    .map((name) => `${name}: ${first.get(name) ?? 'not made'} the first time, ${second.get(name) ?? 'not made'} the second`)
}
