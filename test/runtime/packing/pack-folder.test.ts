import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { hashFile, hashFolder, packFolder } from '#runtime/packing/pack-folder.ts'
import { visitFolder } from '#runtime/packing/visit-folder.ts'
import { unpackZip } from '#runtime/node/packages/unpack-zip.ts'

const root = mkdtempSync(join(tmpdir(), 'shoal-pack-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
let folder = ''
let count = 0
beforeEach(() => {
  folder = join(root, `wd${(count += 1)}`)
  mkdirSync(folder)
})
function files(content: Record<string, string>): void {
  for (const [name, text] of Object.entries(content)) {
    mkdirSync(join(folder, name, '..'), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
}
const visited = (excludes: readonly string[] = []) => [...visitFolder(folder, excludes)].map(({ relativePath }) => relativePath)

test('a folder is named as Ray names it', () => {
  expect(hashFolder(folder, [])).toBe('0a62fe483960e4e9')
  files({ 'x.py': 'print(1)\n' })
  expect(hashFolder(folder, [])).toBe('eb7dfdff443a8c20')
  files({ 'sub/a.txt': 'hello' })
  mkdirSync(join(folder, 'empty'))
  expect(hashFolder(folder, [])).toBe('11c9dcd5f36ade0c')
  expect(hashFolder(folder, [], 'module')).not.toBe('11c9dcd5f36ade0c')
  expect(hashFile(join(folder, 'x.py'))).toMatch(/^[0-9a-f]{40}$/)
})

test('what is left out by habit, by excludes and by ignore files on the way is in neither name nor archive', () => {
  files({
    'main.ts': '',
    '.git/config': '',
    '__pycache__/x.pyc': '',
    'data/big.bin': '',
    'data/small.txt': '',
    'logs/a.log': '',
    'sub/.rayignore': '*.tmp\n',
    'sub/a.tmp': '',
    'sub/b.txt': '',
    'other/a.tmp': '',
    '.gitignore': 'logs\n# a comment\n!logs/keep.log\n',
  })
  expect(visited(['*.bin'])).toEqual([
    '.',
    '.gitignore',
    'data',
    'data/small.txt',
    'main.ts',
    'other',
    'other/a.tmp',
    'sub',
    'sub/.rayignore',
    'sub/b.txt',
  ])
  process.env['RAY_RUNTIME_ENV_IGNORE_GITIGNORE'] = '1'
  try {
    expect(visited()).toContain('logs/a.log')
  } finally {
    delete process.env['RAY_RUNTIME_ENV_IGNORE_GITIGNORE']
  }
})

test('a .rayignore has the last word over the .gitignore beside it', () => {
  files({ '.gitignore': 'node_modules/\n*.log\n', 'node_modules/a/index.js': '', 'node_modules/b/index.js': '', 'x.log': '' })
  expect(visited().filter((path) => path.endsWith('.js'))).toEqual([])
  files({ '.rayignore': '!node_modules/\nnode_modules/b\n' })
  expect(visited().filter((path) => /\.(js|log)$/.test(path))).toEqual(['node_modules/a/index.js'])
})

test('the archive holds files and empty folders as they are, uncompressed, and the same each time', async () => {
  files({ 'a/b.txt': 'x'.repeat(10_000), 'run.sh': '#!/bin/sh\n' })
  mkdirSync(join(folder, 'empty'))
  const one = join(root, 'one.zip')
  const other = join(root, 'other.zip')
  await packFolder(folder, one, { excludes: [], isModule: false })
  await packFolder(folder, other, { excludes: [], isModule: false })
  expect(readFileSync(one).equals(readFileSync(other))).toBe(true)
  expect(readFileSync(one, 'latin1')).toContain('x'.repeat(10_000))
  const target = join(root, 'unpacked')
  mkdirSync(target)
  await unpackZip({ archive: one, folder: target, sizeBytes: statSync(one).size, signal: new AbortController().signal })
  expect(hashFolder(target, [])).toBe(hashFolder(folder, []))
})

test('a module keeps its own name in the archive', async () => {
  files({ '__init__.py': '' })
  const archive = join(root, 'module.zip')
  await packFolder(folder, archive, { excludes: [], isModule: true })
  expect(readFileSync(archive, 'latin1')).toContain(`wd${count}/__init__.py`)
})

test('links are followed, one to nothing is left out, and one that leads back is refused by name', () => {
  files({ 'real/a.txt': 'a' })
  symlinkSync('real', join(folder, 'linked'))
  symlinkSync('nowhere', join(folder, 'broken'))
  expect(visited()).toEqual(['.', 'linked', 'linked/a.txt', 'real', 'real/a.txt'])
  symlinkSync('..', join(folder, 'real', 'loop'))
  expect(() => visited()).toThrow(/leads back into a folder above/)
})

test('a file that cannot be read, found while others are still being added, fails the package and nothing else', async () => {
  files(Object.fromEntries(Array.from({ length: 2_000 }, (_, index) => [`b${index}`, 'x'])))
  symlinkSync('/proc/self/mem', join(folder, 'a')) // its first page cannot be read
  const packing = packFolder(folder, join(root, 'unread.zip'), { excludes: [], isModule: false })
  await expect(packing).rejects.toMatchObject({ code: 'EIO' })
})
