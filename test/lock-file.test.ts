import { dirname } from 'node:path'
import { describe, expect, test } from 'vitest'
import { listFiles, readText } from './tidy/repository-files.ts'

type LockEntry = {
  version?: string
  resolved?: string
  integrity?: string
  dependencies?: Record<string, string>
  devDependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
}
type Lock = { lockfileVersion: number; packages: Record<string, LockEntry> }

const readLock = (path: string) => JSON.parse(readText(path)) as Lock // npm's documented format, version 3
const lock = readLock('package-lock.json')
/** That of the project, and those of examples with packages. */
const locks = listFiles().filter((path) => path.endsWith('package-lock.json'))

test('the project and its examples have lock files', () => {
  expect(Object.keys(lock.packages).length).toBeGreaterThan(100)
  expect(locks.length).toBeGreaterThan(3)
})

test('a platform package that a lagging registry left out is noticed', () => {
  const { 'node_modules/@esbuild/darwin-arm64': removed, ...packages } = lock.packages
  expect(removed).toBeDefined()
  expect(listMissing({ ...lock, packages })).toContain('node_modules/esbuild wants @esbuild/darwin-arm64')
})

describe.each(locks)('%s', (path) => {
  const lock = readLock(path)

  test('is of the version that this test understands', () => {
    expect(lock.lockfileVersion).toBe(3)
  })

  test('has an entry for every optional dependency, so that `npm ci` works on every platform', () => {
    expect(listMissing(lock)).toEqual([])
  })

  test('names no registry host', () => {
    expect(Object.entries(lock.packages).filter(([, { resolved }]) => resolved !== undefined)).toEqual([])
  })

  test('pins every package by its content', () => {
    expect(Object.entries(lock.packages).filter(([folder, { integrity }]) => folder !== '' && integrity === undefined)).toEqual([])
  })

  test('says the same direct dependencies as package.json', () => {
    const manifest = JSON.parse(readText(`${dirname(path)}/package.json`)) as LockEntry // our own file
    const { dependencies, devDependencies, optionalDependencies } = manifest
    const root = lock.packages['']
    expect({ ...root?.dependencies, ...root?.devDependencies, ...root?.optionalDependencies }).toEqual({
      ...dependencies,
      ...devDependencies,
      ...optionalDependencies,
    })
  })
})

/** npm looks for a dependency beside the package and then up its path; so does this. */
function listMissing({ packages }: Lock): string[] {
  return Object.entries(packages).flatMap(([path, entry]) =>
    Object.keys(entry.optionalDependencies ?? {})
      .filter((name) => !foldersUp(path).some((folder) => `${folder}node_modules/${name}` in packages))
      .map((name) => `${path || 'package.json'} wants ${name}`),
  )
}

/** `node_modules/a/node_modules/b` → itself, `node_modules/a`, and the root, each ready to have `node_modules/…` put behind it. */
function foldersUp(path: string): string[] {
  const steps = path.split('/node_modules/')
  const folders = path === '' ? [] : steps.map((_, index) => `${steps.slice(0, steps.length - index).join('/node_modules/')}/`)
  return [...folders, '']
}
