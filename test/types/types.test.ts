import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const here = join(root, 'test', 'types')

/** What the compiler says of these files, under the repository's own options. */
async function compile(files: readonly string[]): Promise<string> {
  const folder = mkdtempSync(join(here, 'check-'))
  try {
    const project = join(folder, 'tsconfig.json')
    writeFileSync(project, JSON.stringify({ extends: '../../../tsconfig.json', include: [], files }))
    await promisify(execFile)(join(root, 'node_modules', '.bin', 'tsc'), ['--noEmit', '--pretty', 'false', '-p', project], { cwd: root })
    return ''
  } catch (error) {
    return (error as { stdout?: string }).stdout ?? String(error) // of execFile
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

test.each(['calls.ts', 'actors.ts'])('%s: what should compile does, and what should not does not', async (name) => {
  expect(await compile([join(here, name)])).toBe('')
})

test.each([
  ['a line that is wrong', "import * as shoal from 'shoal'\nshoal.remote((a: number) => a).remote('x')\n", 'TS2345'],
  [
    'an expected error that does not come',
    "import * as shoal from 'shoal'\n// @ts-expect-error -- planted\nshoal.remote((a: number) => a).remote(1)\n",
    'TS2578',
  ],
])('the check can fail: %s is caught', async (_what, text, code) => {
  const folder = mkdtempSync(join(here, 'planted-'))
  try {
    const file = join(folder, 'planted.ts')
    writeFileSync(file, text)
    expect(readFileSync(file, 'utf8')).toBe(text)
    expect(await compile([file])).toContain(code)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
