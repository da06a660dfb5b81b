import { existsSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { visitFolder } from './visit-folder.ts'

/** Why the npm packages that a folder's `package.json` names would not go along with it, and what to do; undefined where they do, or it names none. */
export const whyPackagesStay = (folder: string, excludes: readonly string[]): string | undefined =>
  whyPackagesStayOf(folder, () => takesPackages(folder, excludes))

/** The same, for who knows by another way what goes along. `areTaken` is asked only where there are packages. */
export function whyPackagesStayOf(folder: string, areTaken: () => boolean): string | undefined {
  const file = join(folder, 'package.json')
  if (!existsSync(file) || !namesPackages(readFileSync(file, 'utf8'))) return undefined
  const needed = `${file} names packages that do not go along with the job`
  if (!existsSync(join(folder, 'node_modules')))
    return `${needed}: there is no node_modules in ${folder}. Where the job needs them, run npm ci there first.`
  if (areTaken()) return undefined
  return `${needed}: an ignore file leaves node_modules out. Where the job needs them, write !node_modules into ${join(folder, '.rayignore')}.`
}

function takesPackages(folder: string, excludes: readonly string[]): boolean {
  for (const { relativePath } of visitFolder(folder, excludes)) if (relativePath.startsWith(`node_modules${sep}`)) return true
  return false
}

function namesPackages(text: string): boolean {
  try {
    const { dependencies } = JSON.parse(text) as { dependencies?: object } // whatever it is, the line below takes it
    return Object.keys(dependencies ?? {}).length > 0
  } catch {
    return false // the job will say what it thinks of the file
  }
}
