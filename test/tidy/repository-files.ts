import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

export const repository = fileURLToPath(new URL('../..', import.meta.url))

const notOurs = new Set(['.git', 'node_modules', 'dist', '.cache'])

/** Every file of the tree that people write, as paths with `/` relative to the repository. Walks, so that it also works outside git. */
export function listFiles(folder = repository): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => !notOurs.has(entry.name))
    .flatMap((entry) => {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) return listFiles(path)
      return entry.isFile() ? [relative(repository, path).split(sep).join('/')] : []
    })
}

export const readText = (path: string): string => readFileSync(join(repository, path), 'utf8')
