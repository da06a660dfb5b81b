import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { silentLogger } from '#runtime/base/logger.ts'
import { findCulprit, PythonEnvironments, type PythonSpec } from '#runtime/node/jobs/python-environments.ts'

const root = mkdtempSync(join(tmpdir(), 'shoal-python-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const specOf = (requirements: string[]): PythonSpec => ({
  installer: 'pip',
  requirements,
  options: ['--no-index'],
  check: false,
  version: null,
})
const listener = (signal = new AbortController().signal) => {
  const said: string[] = []
  return { said, say: (text: string) => void said.push(text), pass: () => {}, signal }
}

test.each([
  ['ERROR: No matching distribution found for left-pad==9', 'left-pad==9'],
  ['ERROR: Could not find a version that satisfies the requirement thing (from versions: none)', 'thing'],
  ['  x Because nothing-here was not found in the package registry', 'nothing-here'],
  ['ERROR: Failed building wheel for lxml', 'lxml'],
])('the package is read from what the installer says: %s', (line, name) => {
  expect(findCulprit(['Looking in links', line], ['a', 'b'])).toBe(name)
})

test('where the installer does not say, the only requirement is to blame, and of several none', () => {
  expect(findCulprit(['boom'], ['a'])).toBe('a')
  expect(findCulprit(['boom'], ['a', 'b'])).toBeUndefined()
})

test('two jobs share one build of the same environment, and it is there for the next', async () => {
  const environments = new PythonEnvironments(join(root, 'shared'), silentLogger)
  const one = listener()
  const other = listener()
  const spec = specOf(['pip']) // which every Python with pip has already
  const [first, second] = await Promise.all([environments.use(spec, one), environments.use(spec, other)])
  expect(first.folder).toBe(second.folder)
  expect(existsSync(join(first.folder, 'bin', 'python'))).toBe(true)
  const shared = [...one.said, ...other.said].filter(
    (text) => text.startsWith('Another job makes the same') || text.includes('is here already'),
  )
  expect(shared).toHaveLength(1) // the second of them found the build of the first
  const next = listener()
  await new PythonEnvironments(join(root, 'shared'), silentLogger).use(spec, next)
  expect(next.said).toEqual([expect.stringContaining('is here already')])
})

test('a build that fails is not kept, and one that nobody waits for any more is stopped', async () => {
  const folder = join(root, 'failing')
  const environments = new PythonEnvironments(folder, silentLogger)
  await expect(environments.use(specOf(['no-such-thing-1']), listener())).rejects.toThrow(
    /did not work for no-such-thing-1[^]*No matching distribution/,
  )
  expect(readdirSync(folder)).toEqual([])
  const leave = new AbortController()
  const leaving = listener(leave.signal)
  const building = environments.use(specOf(['no-such-thing-2']), {
    ...leaving,
    say: (text) => text.startsWith('Making') && leave.abort(new Error('the job was stopped')),
  })
  await expect(building).rejects.toThrow('the job was stopped')
})
