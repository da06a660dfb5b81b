import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { ensureBuilt } from '../build.mjs'
import { makePayload } from '../payload.mjs'
import { sha256 } from '../payload/tar-archive.mjs'
import { ensureRenderer } from '../renderer.mjs'
import { secondsSince } from '../run-command.mjs'
import { findNotes } from './conditions.mjs'
import { makeDesktop } from './desktop.mjs'
import { writeSbom } from './sbom.mjs'
import { makeServerArchive } from './server-archive.mjs'
import { makeWebPackage } from './web-package.mjs'

/**
 * What every step is given.
 * @typedef {{
 *   folder: string, version: string, epochSeconds: number, isDryRun: boolean, only: readonly string[], archs: readonly string[], signal: AbortSignal,
 *   say(text: string): void, leaveOut(what: string, why: string): void, payloads: ReturnType<typeof makePayload>[], leftOut: { what: string, why: string }[]
 * }} Release
 */

/** In this order: the archives for machines go into all that follows. */
const steps = [
  { part: 'build', name: 'bundles and page', make: build },
  { part: 'build', name: 'payloads for machines', make: makePayloads },
  { part: 'web', name: 'package for npm', make: makeWebPackage },
  { part: 'server', name: 'server with a Node of its own', make: makeServerArchive },
  { part: 'desktop', name: 'desktop app', make: makeDesktop },
  { part: 'build', name: 'bill of materials', make: writeSbom },
  { part: 'build', name: 'notes and checksums', make: writeNotesAndSums },
]

/**
 * Makes all files of the release in its folder.
 * @param {Release} release
 */
export async function makeRelease(release) {
  process.env.SOURCE_DATE_EPOCH = String(release.epochSeconds) // for all the tools that heed it
  const wanted = steps.filter(({ part }) => part === 'build' || release.only.includes(part))
  for (const [index, { name, make }] of wanted.entries()) {
    const startedMs = performance.now()
    release.say(`${index + 1}/${wanted.length} ${name} …`)
    await make(release)
    await setImmediate() // for a Ctrl-C that came while a step kept the process busy
    release.signal.throwIfAborted()
    release.say(`${index + 1}/${wanted.length} ${name}: done in ${secondsSince(startedMs)}`)
  }
}

async function build() {
  await ensureBuilt({ quiet: true, parts: ['runtime', 'panel', 'desktop'] })
  await ensureRenderer({ quiet: true })
}

async function makePayloads({ folder, version, archs, only, payloads, signal, leaveOut }) {
  for (const arch of archs) {
    try {
      payloads.push(makePayload(arch))
    } catch (error) {
      leaveOut(`shoal-${version}-linux-${arch}.tar.gz, also inside of everything else`, error.message)
    }
    await setImmediate()
    signal.throwIfAborted()
  }
  if (!only.includes('payloads')) return
  for (const { path } of payloads) copyFileSync(path, join(folder, basename(path)))
}

function writeNotesAndSums({ folder, version, leftOut }) {
  const missing = leftOut.map(({ what, why }) => `- ${what}: ${why}\n`).join('')
  const notes = findNotes(version) ?? 'docs/changelog.md says nothing about this version.'
  const files = readdirSync(folder).sort()
  const text = `# Shoal ${version}

${notes}

## Files

${files.map((name) => `- ${name}\n`).join('')}
\`sha256sum -c SHA256SUMS\` checks them.
${missing === '' ? '' : `\n## Not in this release\n\n${missing}`}`
  writeFileSync(join(folder, 'RELEASE-NOTES.md'), text)
  const sums = [...files, 'RELEASE-NOTES.md'].sort().map((name) => `${sha256(readFileSync(join(folder, name)))}  ${name}\n`)
  writeFileSync(join(folder, 'SHA256SUMS'), sums.join(''))
}
