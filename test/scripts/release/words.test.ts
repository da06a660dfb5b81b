import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readText } from '../../tidy/repository-files.ts'
import { createScratchTree, type ScratchTree } from '../scratch-tree.ts'

const { version } = JSON.parse(readText('package.json')) as { version: string } // our own file

function git(tree: ScratchTree, ...words: readonly string[]) {
  const who = ['-c', 'user.name=somebody', '-c', 'user.email=somebody@example.com', '-c', 'init.defaultBranch=main']
  expect(spawnSync('git', [...who, ...words], { cwd: tree.folder, encoding: 'utf8' })).toMatchObject({ status: 0 })
}

test('a release says what it knows, and refuses what it does not', () => {
  using tree = createScratchTree()
  expect(tree.run('release.mjs', ['--help'])).toMatchObject({ code: 0, output: expect.stringContaining('--check-reproducible') })
  expect(tree.run('release.mjs', ['--dry'])).toMatchObject({ code: 1, output: 'release: there is no --dry\n' })
  expect(tree.run('release.mjs', ['--only', 'web,all'])).toMatchObject({ output: expect.stringContaining('desktop, and not all') })
  expect(tree.run('release.mjs', ['--output'])).toMatchObject({ code: 1, output: 'release: --output wants a value\n' })
})

test('a release that is no dry run wants a clean tree, a tag on the commit, and a section in the changelog', () => {
  using tree = createScratchTree()
  tree.write('.gitignore', 'node_modules\ndist/\n.cache/\n')
  git(tree, 'init', '-q')
  git(tree, 'add', '.')
  git(tree, 'commit', '-qm', 'first')
  tree.write('runtime/new.ts', '')
  const refusal = () => tree.run('release.mjs').output
  expect(refusal()).toContain('the tree has 1 changed or new files (runtime/new.ts): commit them')
  expect(refusal()).toContain(`the last commit has no tag v${version}`)
  expect(refusal()).toContain(`docs/changelog.md has no section "## ${version}"`)
  tree.write('docs/changelog.md', `# Changes\n\n## ${version}9\n\nLater.\n\n## ${version} (2026-11-29)\n\nNew.\n`)
  git(tree, 'add', '.')
  git(tree, 'commit', '-qm', 'second')
  expect(refusal()).toBe(
    `release: not made:\n  the last commit has no tag v${version}: git tag -a v${version} -m 'Shoal ${version}'\n` +
      'To try it out all the same: npm run release -- --dry-run\n',
  )
  expect(existsSync(join(tree.folder, 'dist'))).toBe(false)
})

test('a release that is stopped leaves what stood there before, and no half of itself', async () => {
  using tree = createScratchTree()
  const output = join(tree.folder, 'dist', 'release')
  mkdirSync(join(output, version), { recursive: true })
  writeFileSync(join(output, version, 'before'), 'it')
  mkdirSync(join(output, `${version}.making-999999999`)) // of a release that was killed
  const release = spawn(process.execPath, ['scripts/release.mjs', '--dry-run', '--only', 'payloads', '--arch', process.arch], {
    cwd: tree.folder,
    env: { ...process.env, SOURCE_DATE_EPOCH: '1795000000' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exit = once(release, 'exit')
  let said = ''
  release.stderr.on('data', (part: Buffer) => (said += part.toString()))
  let asked = false
  release.stdout.on('data', (part: Buffer) => {
    if (asked || !part.toString().includes('1/4 bundles and page …')) return
    asked = true
    expect(readdirSync(output)).toContain(`${version}.making-${release.pid}`)
    release.kill('SIGINT')
  })
  expect({ exit: await exit, said }).toEqual({ exit: [1, null], said: expect.stringContaining('stopped by SIGINT; ') })
  expect(readdirSync(output)).toEqual([version])
  expect(readFileSync(join(output, version, 'before'), 'utf8')).toBe('it')
})
