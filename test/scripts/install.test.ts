import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { repository } from '../tidy/repository-files.ts'
import { createScratchTree } from './scratch-tree.ts'

/** Calls something that scripts/install.mjs exports, as the scripts do. */
const call = (folder: string, expression: string, env: NodeJS.ProcessEnv = {}) => {
  const program = `import * as install from '${join(folder, 'scripts', 'install.mjs')}'; console.log(${expression})`
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  })
  return { code: status, stdout, stderr }
}

test('nothing is installed, and npm is not even looked for, when node_modules is what the lock says', () => {
  using tree = createScratchTree()
  expect(call(tree.folder, 'install.ensureInstalled()', { PATH: '' })).toEqual({ code: 0, stdout: 'undefined\n', stderr: '' })
})

test('a package of another version than the lock says is noticed', () => {
  using tree = createScratchTree()
  const lock = readFileSync(join(tree.folder, 'package-lock.json'), 'utf8')
  const version = /"node_modules\/zod": \{\s*"version": "([^"]+)"/.exec(lock)?.[1]
  tree.write(
    'package-lock.json',
    lock.replace(`"node_modules/zod": {\n      "version": "${version}"`, '"node_modules/zod": {\n      "version": "0.0.1"'),
  )
  const { code, stderr } = call(tree.folder, 'install.ensureInstalled()', { PATH: '' })
  expect(code).toBe(1)
  expect(stderr).toContain('npm did not start')
})

test('without a registry in reach it says what is missing and what to do, and not a page of npm', () => {
  using tree = createScratchTree({ packages: 'none' })
  const packages = { '': {}, 'node_modules/nowhere': { version: '1.0.0', integrity: `sha512-${'A'.repeat(86)}==` } }
  tree.write('package.json', '{ "name": "scratch", "dependencies": { "nowhere": "1.0.0" } }')
  tree.write(
    'package-lock.json',
    JSON.stringify({ name: 'scratch', lockfileVersion: 3, packages: { ...packages, '': { dependencies: { nowhere: '1.0.0' } } } }),
  )
  const unreachable = {
    npm_config_registry: 'http://127.0.0.1:9/',
    npm_config_fetch_retries: '0',
    npm_config_cache: join(tree.folder, 'cache'),
  }
  const { code, stderr } = call(tree.folder, 'install.ensureInstalled()', unreachable)
  expect(code).toBe(1)
  expect(stderr).toContain('the npm registry did not answer (ECONNREFUSED). Connect to the internet')
  expect(stderr.split('\n').length).toBeLessThan(8)
})

test('a Node that is too old is told so, and one that is not is left alone', () => {
  const complaint = (version: string) => call(repository, `install.complaintAboutNode('${version}')`).stdout
  expect(complaint('20.18.3')).toContain('Shoal needs Node 20.19 or newer; this is 20.18.3')
  expect(complaint('20.19.0')).toBe('undefined\n')
  expect(complaint('24.0.0')).toBe('undefined\n')
})
