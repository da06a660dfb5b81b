import { coreImports, importTable } from './import-table.ts'

/** How a package is imported so that a process does not load at its start what it never uses. */
const leanForms = [
  {
    name: 'msgpackr',
    message: "Import from 'msgpackr/pack' or 'msgpackr/unpack': the bare name also searches for a native helper, 3 ms at every start.",
  },
]

/** The import table as oxlint can express it: one override of `no-restricted-imports` for each row, and one for the cores of each tree. */
export function lintOverrides(): unknown[] {
  const folders = Object.keys(importTable)
  const rows = folders.map((folder) => override(`${folder}/**`, patternsOf(folder, folders)))
  return [...rows, coreOverride('runtime', folders), coreOverride('src-main', folders)]
}

function coreOverride(tree: keyof typeof coreImports, folders: readonly string[]): unknown {
  const allowed = coreImports[tree]
  const outside = folders.filter((folder) => !allowed.includes(folder))
  return override(`${tree}/**/core/**`, [nothingFromOutside, deny(tree, outside, `A core may import ${allowed.join(', ')} and itself.`)])
}

const nothingFromOutside = { regex: '^[^.]', message: 'This folder is pure: no npm package, no module of Node.' }

function patternsOf(folder: string, folders: readonly string[]): unknown[] {
  const allowed = importTable[folder] ?? []
  const message = `${folder} may import ${allowed.join(', ') || 'nothing'}.`
  const isOpen = (other: string) => allowed.some((place) => place.startsWith(other) || other.startsWith(`${place}/`))
  const closed = folders.filter((other) => other !== folder && !isOpen(other) && !isOwn(folder, other))
  const singleFiles = allowed.filter((place) => place.endsWith('.ts'))
  return [
    ...(folder === 'runtime/base' ? [nothingFromOutside] : []),
    deny(treeOf(folder), closed, message),
    ...singleFiles.map((file) => ({ group: [`**/${leafOf(file.slice(0, file.lastIndexOf('/')))}/**`, `!**/${leafOf(file)}`], message })),
  ]
}

/** `../client/` of a folder in the SDK is the SDK's own client: the lint sees no difference to runtime/client, the check of the import table does. */
const isOwn = (folder: string, other: string): boolean => folder === 'runtime/sdk' && other === 'runtime/client'

/**
 * Relative paths: a folder of the same tree shows by its name alone, one of another tree with the tree's name before it.
 * oxlint's regular expressions have no look-ahead (one is ignored without a word), so this lists what is closed.
 */
function deny(tree: string, folders: readonly string[], message: string) {
  const near = folders.filter((folder) => treeOf(folder) === tree).map(leafOf)
  const far = folders.filter((folder) => treeOf(folder) !== tree)
  return { regex: `^(\\.\\./)+(${[...near, ...far].join('|')})/`, message }
}

const treeOf = (folder: string): string => folder.slice(0, folder.indexOf('/'))
const leafOf = (path: string): string => path.slice(path.indexOf('/') + 1)

const override = (files: string, patterns: readonly unknown[]) => ({
  files: [files],
  rules: { 'no-restricted-imports': ['error', { paths: leanForms, patterns }] },
})
