import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createScratchTree } from './scratch-tree.ts'

const built = 'dist/runtime'

test('each part of the runtime becomes a bundle that runs, and the command line one that starts by itself', () => {
  using tree = createScratchTree()
  expect(tree.run('build.mjs')).toMatchObject({
    code: 0,
    output: expect.stringMatching(
      /^build: dist\/runtime in [\d.]+ s, with 0 packages inside\nbuild: dist\/panel in [\d.]+ s, with 0 packages inside\n$/,
    ),
  })
  const said = ['shoal', 'head', 'agent', 'worker'].map((name) =>
    execFileSync(process.execPath, [join(tree.folder, built, `${name}.mjs`)]).toString(),
  )
  expect(said).toEqual(['runtime/sdk/index\n', 'runtime/head/main\n', 'runtime/node/main\n', 'runtime/worker/main\n'])
  expect(execFileSync(join(tree.folder, built, 'cli.mjs')).toString()).toBe('runtime/cli/main\n')
  expect(readFileSync(join(tree.folder, built, 'ray-bridge/driver.py'), 'utf8')).toContain('Copied as it is')
  expect(execFileSync(join(tree.folder, 'dist/panel/cli.mjs')).toString()).toBe('src-main/cli/main\n')
})

test('the source map of the command line still fits below its shebang', () => {
  using tree = createScratchTree()
  tree.write('runtime/cli/main.ts', "// one\n// two\nthrow new Error('planted')\n")
  tree.run('build.mjs')
  expect(() => execFileSync(process.execPath, ['--enable-source-maps', join(tree.folder, built, 'cli.mjs')], { stdio: 'pipe' })).toThrow(
    /runtime\/cli\/main\.ts:3/,
  )
})

test('nothing is built again until a source changes, comes or goes', () => {
  using tree = createScratchTree()
  const buildTwice = () => [tree.run('build.mjs').output !== '', tree.run('build.mjs').output !== '']
  expect(buildTwice()).toEqual([true, false])
  tree.write('runtime/head/main.ts', "console.log('changed')\n")
  expect(buildTwice()).toEqual([true, false])
  tree.write('runtime/head/more.ts', 'export const more = 1\n')
  expect(buildTwice()).toEqual([true, false])
  tree.remove('runtime/head/more.ts')
  expect(buildTwice()).toEqual([true, false])
})

test('a source that does not compile is named, and the bundles of before stay', () => {
  using tree = createScratchTree()
  tree.run('build.mjs')
  const before = statSync(join(tree.folder, built, 'head.mjs')).mtimeMs
  tree.write('runtime/head/main.ts', 'const = 1\n')
  const { code, output } = tree.run('build.mjs')
  expect(code).not.toBe(0)
  expect(output).toContain('runtime/head/main.ts:1')
  expect(statSync(join(tree.folder, built, 'head.mjs')).mtimeMs).toBe(before)
  expect(readdirSync(join(tree.folder, 'dist'))).toEqual(['panel', 'runtime'])
})

test('what a process imports only when it needs it stays out of what it loads at its start', () => {
  using tree = createScratchTree()
  tree.write('runtime/transport/certificates.ts', "export const marker = 'rarely-needed'\n")
  const lazily = "const { marker } = await import('../transport/certificates.ts')\nconsole.log(marker)\n"
  tree.write('runtime/worker/main.ts', lazily)
  tree.write('runtime/head/main.ts', lazily)
  tree.run('build.mjs')
  expect(readFileSync(join(tree.folder, built, 'worker.mjs'), 'utf8')).not.toContain("'rarely-needed'")
  expect(execFileSync(process.execPath, [join(tree.folder, built, 'worker.mjs')]).toString()).toBe('rarely-needed\n')
})

test('a bundled CommonJS package finds the modules of Node', () => {
  using tree = createScratchTree()
  tree.write('runtime/worker/main.ts', "import { Packr } from 'msgpackr'\nconsole.log(new Packr().unpack(new Packr().pack([1])))\n")
  expect(tree.run('build.mjs').code).toBe(0)
  expect(execFileSync(process.execPath, [join(tree.folder, built, 'worker.mjs')]).toString()).toBe('[ 1 ]\n')
})
