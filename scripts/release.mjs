import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { ensureInstalled } from './install.mjs'
import { hindrances, releaseEpoch } from './release/conditions.mjs'
import { intoPlace } from './release/into-place.mjs'
import { makeRelease } from './release/make-release.mjs'
import { differencesOfSecondBuild } from './release/reproducible.mjs'
import { parseWords, usage } from './release/words.mjs'
import { repository } from './repository.mjs'

// `npm run release`: the files of a release, in dist/release/<version>. It publishes nothing. See docs/release.md.
const startedMs = performance.now()
const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'))

async function release() {
  try {
    const options = parseWords(process.argv.slice(2))
    if (options.help) {
      console.log(usage)
      return 0
    }
    return await prepare(options)
  } catch (error) {
    console.error(`release: ${error.message}`)
    return 1
  }
}

async function prepare({ dryRun: isDryRun, only, archs, output = join(repository, 'dist', 'release'), isChecked }) {
  const against = existsSync(join(repository, '.git')) || !isDryRun ? hindrances(version) : []
  if (against.length > 0 && !isDryRun)
    throw new Error(`not made:\n${listOf(against)}\nTo try it out all the same: npm run release -- --dry-run`)
  if (against.length > 0) say(`a dry run; a real one would not be made:\n${listOf(against)}`)
  ensureInstalled()
  const folder = join(output, version)
  const leftOut = []
  const leaveOut = (what, why) => {
    leftOut.push({ what, why })
    say(`LEFT OUT ${what}: ${why}`)
  }
  let differing = []
  await intoPlace(folder, async (making, signal) => {
    const facts = {
      folder: making,
      version,
      epochSeconds: releaseEpoch(),
      isDryRun,
      only,
      archs,
      signal,
      say,
      leaveOut,
      payloads: [],
      leftOut,
    }
    await makeRelease(facts)
    if (!isChecked) return
    say('the same again, from a copy of the tree …')
    differing = await differencesOfSecondBuild(facts)
  })
  sayEnd({ folder, leftOut, isDryRun })
  if (isChecked)
    say(differing.length === 0 ? 'reproducible: the second build has the same bytes' : `NOT reproducible:\n${listOf(differing)}`)
  return differing.length === 0 ? 0 : 1
}

function sayEnd({ folder, leftOut, isDryRun }) {
  const names = readdirSync(folder)
  const sizes = names.map((name) => `${(statSync(join(folder, name)).size / 1024 / 1024).toFixed(1).padStart(7)} MiB  ${name}`)
  say(`${names.length} files in ${folder}:\n${listOf(sizes)}`)
  if (leftOut.length > 0) say(`LEFT OUT, ${leftOut.length}:\n${listOf(leftOut.map(({ what, why }) => `${what}: ${why}`))}`)
  say(
    `nothing was published. ${isDryRun ? 'After a run without --dry-run, a' : 'A'} person does that, with:\n${listOf(publishingCommands(folder, names))}`,
  )
}

function publishingCommands(folder, names) {
  const files = names.filter((name) => name !== 'RELEASE-NOTES.md').map((name) => join(folder, name))
  const npm = names.find((name) => name.endsWith('.tgz'))
  return [
    `git push origin v${version}`,
    ...(npm === undefined ? [] : [`npm publish ${join(folder, npm)} --access public`]),
    `gh release create v${version} --verify-tag --title 'Shoal ${version}' --notes-file ${join(folder, 'RELEASE-NOTES.md')} ${files.join(' ')}`,
  ]
}

const listOf = (lines) => lines.map((line) => `  ${line}`).join('\n')

function say(text) {
  console.log(`release ${((performance.now() - startedMs) / 1000).toFixed(1).padStart(6)} s  ${text}`)
}

process.exitCode = await release()
