import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { runtimeNode } from '#runtime/session/daemon.ts'
import { repository } from '#test/tidy/repository-files.ts'
import { outcomeOf } from '../cli/support.ts'

const bundles = join(repository, 'dist', 'runtime')

/** A project of a user, elsewhere on the machine. Each package in it uses `shoal` itself, the one by import and the other by require. */
const helpers = {
  'node_modules/by-import/package.json': '{ "name": "by-import", "type": "module", "exports": "./index.mjs" }',
  'node_modules/by-import/index.mjs': `import * as shoal from 'shoal'
    const double = shoal.remote((x) => x * 2)
    export const doubled = (x) => shoal.get(double.remote(x))
    export const copy = () => shoal.copy ?? 'ours'
    export const isRef = (value) => value instanceof shoal.ObjectRef`,
  'node_modules/by-require/package.json': '{ "name": "by-require", "main": "index.cjs" }',
  'node_modules/by-require/index.cjs': `const shoal = require('shoal')
    const double = shoal.remote((x) => x * 2)
    exports.doubled = (x) => shoal.get(double.remote(x))
    exports.copy = () => shoal.copy ?? 'ours'
    exports.isRef = (value) => value instanceof shoal.ObjectRef`,
  'program.ts': `import * as shoal from 'shoal'
    import * as byImport from 'by-import'
    import { createRequire } from 'node:module'
    const byRequire = createRequire(import.meta.url)('by-require')
    await shoal.init({ numCpus: 1, objectStoreMemory: 80_000_000 })
    const inDriver = [byImport.copy(), byRequire.copy()]
    const inTask = shoal.remote(async (box: { ref: shoal.ObjectRef<number> }) => [
      byImport.copy(),
      await byImport.doubled(21),
      byImport.isRef(box.ref),
      byRequire.copy(),
      await byRequire.doubled(21),
      byRequire.isRef(box.ref),
      (shoal as { copy?: string }).copy ?? 'ours',
    ])
    console.log(JSON.stringify({ inDriver, inTask: await shoal.get(inTask.remote({ ref: await shoal.put(1) })) }))
    await shoal.shutdown()`,
}

/** What a project has that installed a release of its own: the same functions through another module, so that it can be told from ours. */
const installedCopy = {
  'node_modules/shoal/package.json': '{ "name": "shoal", "type": "module", "exports": "./index.mjs" }',
  'node_modules/shoal/index.mjs': `export * from ${JSON.stringify(pathToFileURL(join(bundles, 'shoal.mjs')))}\nexport const copy = 'installed'`,
}

async function runProject(files: Readonly<Record<string, string>>) {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-project-'))
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), text)
    }
    const { code, stdout, stderr } = await outcomeOf(
      spawn(runtimeNode(), [join(bundles, 'cli.mjs'), 'run', join(folder, 'program.ts')], { stdio: ['ignore', 'pipe', 'pipe'] }),
    )
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    return JSON.parse(stdout) as unknown
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const oneInstance = ['ours', 42, true, 'ours', 42, true, 'ours']

test('packages of a project that import or require shoal work in its program and in its tasks, with nothing installed', async () => {
  expect(await runProject(helpers)).toEqual({ inDriver: ['ours', 'ours'], inTask: oneInstance })
})

test('a project’s own copy of shoal serves its program, and never makes a second instance inside a worker', async () => {
  expect(await runProject({ ...helpers, ...installedCopy })).toEqual({ inDriver: ['installed', 'installed'], inTask: oneInstance })
})
