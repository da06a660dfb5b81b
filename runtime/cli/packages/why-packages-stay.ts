import { sep } from 'node:path'
import { whyPackagesStayOf } from '../../packing/packages-stay.ts'
import { visitFolder } from '../../packing/visit-folder.ts'

/** Why the npm packages that a folder's `package.json` names would not go along with it, and what to do; undefined where they do, or it names none. */
export const whyPackagesStay = (folder: string, excludes: readonly string[]): string | undefined =>
  whyPackagesStayOf(folder, () => takesPackages(folder, excludes))

function takesPackages(folder: string, excludes: readonly string[]): boolean {
  for (const { relativePath } of visitFolder(folder, excludes)) if (relativePath.startsWith(`node_modules${sep}`)) return true
  return false
}
