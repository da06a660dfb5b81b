import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, posix } from 'node:path'
import { describe, expect, test } from 'vitest'
import { findForbiddenImports, isBarrel, listImports } from './tidy/import-check.ts'
import { importTable } from './tidy/import-table.ts'
import { lintOverrides } from './tidy/lint-overrides.ts'
import { listFiles, readText, repository } from './tidy/repository-files.ts'

const files = listFiles()
const sources = files.filter((path) => /^(runtime|src-main|src-renderer)\/.*\.tsx?$/.test(path))

describe('who imports whom', () => {
  test('every import below runtime/, src-main/ and src-renderer/ is one that the import table allows', () => {
    expect(sources.length).toBeGreaterThan(8)
    expect(sources.flatMap((path) => findForbiddenImports(path, readText(path)))).toEqual([])
  })

  test('every folder of code has a row in the import table', () => {
    const inFolders = sources.filter((path) => path.split('/').length > 2)
    const folders = new Set(inFolders.map((path) => path.split('/').slice(0, 2).join('/')))
    expect([...folders].filter((folder) => !(folder in importTable))).toEqual([])
  })

  test('runtime/sdk/index.ts is the one barrel', () => {
    expect(sources.filter((path) => path !== 'runtime/sdk/index.ts' && isBarrel(readText(path), path))).toEqual([])
  })

  test('an example imports what a user can: shoal, the modules of Node, and what its own package.json names', () => {
    const examples = files.filter((path) => /^examples\/.*\.(ts|mjs)$/.test(path))
    const foreign = examples.flatMap((path) => {
      const own = packagesOf(posix.dirname(path))
      return listImports(readText(path))
        .filter(
          (specifier) => specifier !== 'shoal' && !specifier.startsWith('node:') && !specifier.startsWith('./') && !own.includes(specifier),
        )
        .map((specifier) => `${path} imports ${specifier}`)
    })
    expect(foreign).toEqual([])
  })
})

/** What somebody might plant, and where: each must be caught. `lint: false` where oxlint has no rule that sees it. */
const planted = [
  { path: 'runtime/base/a.ts', code: "import { x } from '../protocol/x.ts'" },
  { path: 'runtime/base/b.ts', code: "import { readFileSync } from 'node:fs'" },
  { path: 'runtime/protocol/a.ts', code: "import type { X } from '../transport/x.ts'" },
  { path: 'runtime/api/a.ts', code: "export { x } from '../protocol/x.ts'" },
  { path: 'runtime/transport/a.ts', code: "export const load = () => import('../head/x.ts')" },
  { path: 'runtime/session/a.ts', code: "import { x } from '../transport/x.ts'" },
  { path: 'runtime/head/a.ts', code: "import { x } from '../store/x.ts'" },
  { path: 'runtime/head/http/a.ts', code: "import { x } from '../../node/x.ts'" },
  { path: 'runtime/head/core/a.ts', code: "import { x } from '../../transport/x.ts'" },
  { path: 'runtime/head/core/b.ts', code: "import * as z from 'zod'" },
  { path: 'runtime/head/core/c.ts', code: "import { x } from '../x.ts'", lint: false },
  { path: 'runtime/node/a.ts', code: "import { x } from '../worker/x.ts'" },
  { path: 'runtime/node/b.ts', code: "import { x } from '../store/core/x.ts'", lint: false },
  { path: 'runtime/store/a.ts', code: "import { x } from '../node/x.ts'" },
  { path: 'runtime/sdk/a.ts', code: "import { x } from '../store/store-server.ts'" },
  { path: 'runtime/sdk/owner/b.ts', code: "import { x } from '../../worker/x.ts'" },
  { path: 'runtime/sdk/c.ts', code: "import koffi from 'koffi'", lint: false },
  { path: 'runtime/worker/a.ts', code: "type X = import('../node/x.ts').X", lint: false },
  { path: 'runtime/worker/b.ts', code: "import { x } from '../store/segment.ts'" },
  { path: 'runtime/worker/c.ts', code: "import leftPad from 'left-pad'", lint: false },
  { path: 'runtime/libs/data/a.ts', code: "import { x } from '../../head/x.ts'" },
  { path: 'runtime/cli/a.ts', code: "import { x } from '#runtime/base/x.ts'", lint: false },
  { path: 'runtime/cli/b.ts', code: "import { x } from '../../src-main/host/x.ts'" },
  { path: 'runtime/client/a.ts', code: "import { x } from '../head/x.ts'" },
  { path: 'src-main/contract/a.ts', code: "import { x } from '../ssh/x.ts'" },
  { path: 'src-main/contract/b.ts', code: "import { x } from '../../runtime/head/x.ts'" },
  { path: 'src-main/ssh/a.ts', code: "import { x } from '../services/x.ts'" },
  { path: 'src-main/bootstrap/a.ts', code: "import { Client } from 'ssh2'", lint: false },
  { path: 'src-main/bootstrap/b.ts', code: "import { x } from '../../runtime/node/x.ts'" },
  { path: 'src-main/bootstrap/core/a.ts', code: "import { readFileSync } from 'node:fs'" },
  { path: 'src-main/cluster/a.ts', code: "import { x } from '../../runtime/store/x.ts'" },
  { path: 'src-main/services/a.ts', code: "import { x } from '../web/x.ts'" },
  { path: 'src-main/web/a.ts', code: "import { x } from '../ssh/x.ts'" },
  { path: 'src-main/web/b.ts', code: "import { app } from 'electron'", lint: false },
  { path: 'src-main/electron/a.ts', code: "import { x } from '../services/x.ts'" },
  { path: 'src-main/electron/core/a.ts', code: "import { x } from '../x.ts'", lint: false },
  { path: 'src-renderer/ui/a.tsx', code: "import { x } from '../api/x.ts'" },
  { path: 'src-renderer/util/a.ts', code: "import { x } from '../ui/x.ts'" },
  { path: 'src-renderer/api/a.ts', code: "import { x } from '../../src-main/services/x.ts'" },
  { path: 'src-renderer/features/jobs/a.tsx', code: "import { x } from '../tasks/x.tsx'", lint: false },
  { path: 'src-renderer/features/jobs/b.tsx', code: "import { x } from '../../shell/x.tsx'" },
  { path: 'src-renderer/features/jobs/c.tsx', code: "import { Terminal } from '@xterm/xterm'", lint: false },
]

/** Other faults that the lint promises to see, with the rule that must see each. */
const faults = [
  { rule: 'no-restricted-globals', path: 'runtime/head/core/clock.ts', code: 'export const now = () => Date.now()' },
  { rule: 'no-restricted-globals', path: 'runtime/head/core/timer.ts', code: 'export const wait = (f: () => void) => setTimeout(f, 1)' },
  { rule: 'no-restricted-globals', path: 'runtime/head/core/env.ts', code: 'export const home = () => globalThis.process.cwd()' },
  { rule: 'no-restricted-properties', path: 'runtime/head/core/random.ts', code: 'export const r = () => Math.random()' },
  { rule: 'no-restricted-imports', path: 'runtime/transport/m.ts', code: "import { Packr } from 'msgpackr'\nexport const T = Packr" },
  { rule: 'no-restricted-globals', path: 'src-main/bootstrap/core/clock.ts', code: 'export const now = () => Date.now()' },
  { rule: 'no-console', path: 'src-main/ssh/log.ts', code: "export const say = () => console.log('x')" },
  { rule: 'no-console', path: 'runtime/head/log.ts', code: "export const say = () => console.log('x')" },
  { rule: 'no-explicit-any', path: 'runtime/head/any.ts', code: 'export const f = (x: any) => x as string' },
  { rule: 'no-default-export', path: 'runtime/head/default.ts', code: 'export default 1' },
  { rule: 'no-barrel-file', path: 'runtime/head/star.ts', code: "export * from './log.ts'" },
  { rule: 'filename-case', path: 'runtime/head/CamelCase.ts', code: 'export const one = 1' },
  { rule: 'max-params', path: 'runtime/head/params.ts', code: 'export const f = (a: 1, b: 1, c: 1, d: 1) => [a, b, c, d]' },
  { rule: 'max-lines-per-function', path: 'runtime/head/long.ts', code: `export function f() {\n${'f()\n'.repeat(71)}}` },
  { rule: 'max-lines', path: 'runtime/head/long-file.ts', code: 'export const list = [\n' + '  1,\n'.repeat(400) + ']' },
  { rule: 'no-cycle', path: 'runtime/head/ring.ts', code: "import { f } from './ring.ts'\nexport const g = () => f\nexport const h = g" },
  { rule: 'consistent-type-imports', path: 'runtime/head/type.ts', code: "import { X } from './types.ts'\nexport const f = (x: X) => x" },
  { rule: 'no-floating-promises', path: 'runtime/head/float.ts', code: 'const p = async () => 1\nexport const f = () => {\n  p()\n}' },
  {
    rule: 'no-misused-promises',
    path: 'runtime/head/misuse.ts',
    code: 'const p = async () => true\nexport const f = () => (p() ? 1 : 2)',
  },
  {
    rule: 'switch-exhaustiveness-check',
    path: 'runtime/head/switch.ts',
    code: "export function f(k: 'a' | 'b') {\n  switch (k) {\n    case 'a':\n      return 1\n  }\n  return 2\n}",
  },
]

describe('what is planted is caught', () => {
  test.each(planted)('by the import table: $path with $code', ({ path, code }) => {
    expect(findForbiddenImports(path, code)).toHaveLength(1)
  })

  test('by the lint: forbidden imports and every other rule of the house', () => {
    const expected = [
      ...planted.filter(({ lint }) => lint !== false).map(({ path }) => `${path} no-restricted-imports`),
      ...faults.map(({ path, rule }) => `${path} ${rule}`),
    ]
    const reported = lintPlanted([...planted, ...faults])
    expect(expected.filter((fault) => !reported.includes(fault))).toEqual([])
  })

  test('by the search for barrels: a file of named re-exports, which the lint lets pass', () => {
    expect(isBarrel("export { a } from './a.ts'\nexport type { B } from './b.ts'")).toBe(true)
    expect(isBarrel("import { a } from './a.ts'\nexport { a }")).toBe(true)
    expect(isBarrel("export { a } from './a.ts'\nexport const b = 1")).toBe(false)
  })

  test('the folder rules of .oxlintrc.json are the ones that the import table gives', () => {
    // oxlint reads its file without our help, so the derived part stands in it as text; copy the expected value over when the table changed.
    const { overrides } = JSON.parse(readText('.oxlintrc.json')) as { overrides: { rules: object }[] } // the shape of our own file
    expect(overrides.filter(({ rules }) => 'no-restricted-imports' in rules)).toEqual(lintOverrides())
  })
})

describe('the tree', () => {
  test('no file of code is longer than 400 lines', () => {
    const code = files.filter((path) => /\.(tsx?|mjs|js|css|py|sh)$/.test(path))
    expect(code.filter((path) => readText(path).split('\n').length > 401)).toEqual([])
  })

  test('no README of a folder is longer than 80 lines', () => {
    expect(files.filter((path) => /.\/README\.md$/.test(path) && readText(path).split('\n').length > 81)).toEqual([])
  })

  test('no file names a folder of the machine it was written on', () => {
    const machinePath = /(^|[^A-Za-z0-9_./])\/(work|root|farm|Users|home\/(?!user\/)[a-z]+)\//m
    expect(machinePath.test(` ${['', 'root', 'x'].join('/')}`)).toBe(true)
    const text = files.filter((path) => /\.(tsx?|mjs|js|css|html|json|md|yml|yaml|sh|py)$/.test(path) || path.startsWith('.ci/'))
    expect(text.filter((path) => machinePath.test(readText(path)))).toEqual([])
  })
})

function packagesOf(folder: string): string[] {
  if (!files.includes(`${folder}/package.json`)) return []
  return Object.keys((JSON.parse(readText(`${folder}/package.json`)) as { dependencies?: object }).dependencies ?? {}) // our own file
}

/** Writes the files beside a copy of our lint's settings, runs oxlint on them, and returns each finding as `path rule`. */
function lintPlanted(sources: readonly { path: string; code: string }[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-tidy-'))
  try {
    for (const name of ['.oxlintrc.json', 'tsconfig.json', 'package.json']) copyFileSync(join(repository, name), join(folder, name))
    symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'))
    for (const { path, code } of sources) {
      mkdirSync(join(folder, dirname(path)), { recursive: true })
      writeFileSync(join(folder, path), `${code}\n`)
    }
    return runOxlint(folder).map(({ filename, code }) => `${filename} ${/\(([\w-]+)\)$/.exec(code)?.[1] ?? code}`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function runOxlint(folder: string): { filename: string; code: string }[] {
  const script = join(repository, 'node_modules', 'oxlint', 'bin', 'oxlint')
  try {
    execFileSync(process.execPath, [script, '--type-aware', '--format', 'json'], {
      cwd: folder,
      stdio: 'pipe',
      maxBuffer: 64 * 1024 * 1024,
    })
    return []
  } catch (error) {
    const { stdout } = error as { stdout: Buffer } // execFileSync throws with what the command wrote
    const report = JSON.parse(stdout.toString()) as { diagnostics: { filename: string; code: string }[] } // oxlint's own format
    return report.diagnostics
  }
}
