import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { repository } from '../repository.mjs'

/**
 * The licences of everything in the payload that others wrote, one after the other.
 * @param {readonly { name: string, folder?: string }[]} packages `folder` defaults to the installed one
 * @returns {string}
 */
export function noticesOf(packages) {
  const parts = packages.map(({ name, folder = join(repository, 'node_modules', name) }) => {
    const { version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    return `${'='.repeat(80)}\n${name} ${version} (${license ?? 'licence below'})\n${'='.repeat(80)}\n\n${licenceText(folder)}\n`
  })
  return `This folder holds Shoal (LICENSE) and the work of others, each under its own licence:\n\n${parts.join('\n')}`
}

function licenceText(folder) {
  const file = existsSync(folder) ? readdirSync(folder).find((name) => /^(licen[cs]e|copying)/i.test(name)) : undefined
  return file === undefined ? 'Its package names the licence, and holds no text of it.' : readFileSync(join(folder, file), 'utf8').trim()
}
