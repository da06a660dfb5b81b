import { coreImports, importTable } from './import-table.ts'

/** How a package is imported so that a process does not load at its start what it never uses. */
const leanForms = [
  {
    name: 'msgpackr',
    message: "Import from 'msgpackr/pack' or 'msgpackr/unpack': the bare name also searches for a native helper, 3 ms at every start.",
  },
]

/** The import table as oxlint can express it: one override of `no-restricted-imports` for each row, and one for the cores. */
export function lintOverrides(): unknown[] {
  const folders = Object.keys(importTable)
  const rows = folders.map((folder) => override(`${folder}/**`, patternsOf(folder, folders)))
  const outsideCore = folders.filter((folder) => !coreImports.includes(folder))
  const core = [nothingFromOutside, deny(outsideCore, `A core may import ${coreImports.join(', ')} and itself.`)]
  return [...rows, override('runtime/**/core/**', core)]
}

const nothingFromOutside = { regex: '^[^.]', message: 'This folder is pure: no npm package, no module of Node.' }

function patternsOf(folder: string, folders: readonly string[]): unknown[] {
  const allowed = importTable[folder] ?? []
  if (allowed.includes('runtime')) return []
  const message = `${folder} may import ${allowed.join(', ') || 'nothing'}.`
  const closed = folders.filter((other) => other !== folder && !allowed.some((place) => place.startsWith(other)))
  const singleFiles = allowed.filter((place) => place.endsWith('.ts'))
  return [
    ...(folder === 'runtime/base' ? [nothingFromOutside] : []),
    deny(closed, message),
    ...singleFiles.map((file) => ({ group: [`**/${nameOf(file.slice(0, file.lastIndexOf('/')))}/**`, `!**/${nameOf(file)}`], message })),
  ]
}

/** oxlint's regular expressions have no look-ahead (one is ignored without a word), so this lists what is closed. */
const deny = (folders: readonly string[], message: string) => ({ regex: `^(\\.\\./)+(${folders.map(nameOf).join('|')})/`, message })

const nameOf = (folder: string): string => folder.replace('runtime/', '')

const override = (files: string, patterns: readonly unknown[]) => ({
  files: [files],
  rules: { 'no-restricted-imports': ['error', { paths: leanForms, patterns }] },
})
