import { resolve } from 'node:path'
import { architectures } from '../payload.mjs'

export const parts = ['payloads', 'web', 'server', 'desktop']

export const usage = `usage: npm run release -- [--dry-run] [--only PARTS] [--arch ARCHS] [--output FOLDER] [--check-reproducible]

Makes the files of a release of the version in package.json, in dist/release/<version>, and prints the commands that publish them.
It publishes nothing itself.

  --dry-run             also where the tree has changes or the commit has no tag; to try it out
  --only PARTS          some of ${parts.join(',')}
  --arch ARCHS          payloads for some of ${architectures.join(',')}
  --output FOLDER       instead of dist/release; the files lie in FOLDER/<version>
  --check-reproducible  makes it a second time, in a copy of the tree elsewhere, and compares every byte

See docs/release.md.`

/**
 * What was typed.
 * @param {readonly string[]} words
 * @returns {{ help?: true, dryRun: boolean, only: string[], archs: string[], output?: string, isChecked: boolean }}
 * @throws Error that names the word which is wrong
 */
export function parseWords(words) {
  const options = { dryRun: false, only: parts, archs: architectures, isChecked: false }
  const rest = [...words]
  const valueOf = (flag) => {
    const value = rest.shift()
    if (value === undefined || value.startsWith('-')) throw new Error(`${flag} wants a value`)
    return value
  }
  while (rest.length > 0) {
    const word = rest.shift()
    if (word === '--help' || word === '-h') return { ...options, help: true }
    if (word === '--dry-run') options.dryRun = true
    else if (word === '--check-reproducible') options.isChecked = true
    else if (word === '--only') options.only = listOf(word, valueOf(word), parts)
    else if (word === '--arch') options.archs = listOf(word, valueOf(word), architectures)
    else if (word === '--output') options.output = resolve(process.env.INIT_CWD ?? process.cwd(), valueOf(word))
    else throw new Error(`there is no ${word}`)
  }
  return options
}

function listOf(flag, value, known) {
  const names = value.split(',')
  const unknown = names.find((name) => !known.includes(name))
  if (unknown !== undefined) throw new Error(`${flag} knows ${known.join(', ')}, and not ${unknown}`)
  return known.filter((name) => names.includes(name))
}
