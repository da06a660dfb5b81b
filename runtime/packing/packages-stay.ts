import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Why the npm packages that a folder's `package.json` names would not go along with it, and what to do; undefined where they do, or it names
 * none. `areTaken`: whether some of its `node_modules` goes along; asked only where that counts.
 */
export function whyPackagesStayOf(folder: string, areTaken: () => boolean): string | undefined {
  const file = join(folder, 'package.json')
  if (!existsSync(file) || !namesPackages(readFileSync(file, 'utf8'))) return undefined
  const needed = `${file} names packages that do not go along with the job`
  if (!existsSync(join(folder, 'node_modules')))
    return `${needed}: there is no node_modules in ${folder}. Where the job needs them, run npm ci there first.`
  if (areTaken()) return undefined
  return `${needed}: an ignore file leaves node_modules out. Where the job needs them, write !node_modules into ${join(folder, '.rayignore')}.`
}

function namesPackages(text: string): boolean {
  try {
    const { dependencies } = JSON.parse(text) as { dependencies?: object } // whatever it is, the line below takes it
    return Object.keys(dependencies ?? {}).length > 0
  } catch {
    return false // the job will say what it thinks of the file
  }
}
