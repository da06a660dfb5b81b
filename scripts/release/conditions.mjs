import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { repository } from '../repository.mjs'

const changelog = join('docs', 'changelog.md')

/**
 * What stands against a release of this tree, a sentence each; none when all is well.
 * @param {string} version
 * @returns {string[]}
 */
export function hindrances(version) {
  return [
    ...ofTheTree(version),
    ...(findNotes(version) === undefined ? [`${changelog} has no section "## ${version}": write what is new`] : []),
  ]
}

/** What stands below the version's heading in the changelog, or undefined. @param {string} version @returns {string | undefined} */
export function findNotes(version) {
  if (!existsSync(join(repository, changelog))) return undefined
  const sections = readFileSync(join(repository, changelog), 'utf8').split(/^## /m)
  const section = sections.find((text) => headingWords(text).includes(version))
  return section?.split('\n').slice(1).join('\n').trim() || undefined
}

/** A heading may go on with a date: `## 0.1.0 (2026-11-29)`, `## [0.1.0]`, `## v0.1.0`. */
const headingWords = (section) => (section.split('\n')[0] ?? '').split(/[\s,()[\]]+/).map((word) => word.replace(/^v(?=\d)/, ''))

/**
 * The time that everything in the release carries: that of the last commit, or what SOURCE_DATE_EPOCH says.
 * @returns {number} seconds since 1970
 * @throws Error where there is neither
 */
export function releaseEpoch() {
  const given = process.env.SOURCE_DATE_EPOCH ?? git('log', '-1', '--format=%ct').output
  if (/^\d{1,12}$/.test(given)) return Number(given)
  throw new Error('this folder has no commit to take the time of the release from; set SOURCE_DATE_EPOCH to seconds since 1970')
}

function ofTheTree(version) {
  const { code, output } = git('status', '--porcelain')
  if (code !== 0) return [`git does not say how the tree stands: ${output}`]
  const changes = output === '' ? [] : output.split('\n')
  const tags = git('tag', '--points-at', 'HEAD').output.split('\n')
  const dirty = `the tree has ${changes.length} changed or new files (${changes
    .slice(0, 3)
    .map((line) => line.slice(3))
    .join(', ')}${changes.length > 3 ? ', …' : ''}): commit them`
  return [
    ...(changes.length > 0 ? [dirty] : []),
    ...(tags.includes(`v${version}`) ? [] : [`the last commit has no tag v${version}: git tag -a v${version} -m 'Shoal ${version}'`]),
  ]
}

function git(...args) {
  const { status, stdout, stderr, error } = spawnSync('git', args, { cwd: repository, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  return { code: status, output: (status === 0 ? stdout : (error?.message ?? stderr)).replace(/\n$/, '') }
}
