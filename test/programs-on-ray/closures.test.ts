import { rmSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { rayEnv, whyNoRay } from '#test/support/ray-python.ts'
import { makeUserFolder, runInWay, ways } from '#test/support/ways-to-run.ts'

const missing = whyNoRay()

describe.skipIf(missing !== undefined)(`closures on Ray${missing === undefined ? '' : ` (needs ${missing})`}`, () => {
  let folder = ''
  beforeAll(() => {
    folder = makeUserFolder()
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  /** They load the SDK twice, and the program is told so. */
  const apart = ['tsx, as CommonJS', 'tsx, as a .cts file']

  test.each(ways.filter(({ name }) => apart.includes(name)))(
    'a program by $name is told how to run instead',
    async (way) => {
      await expect(runInWay(way, folder, { ...process.env, ...rayEnv() })).rejects.toThrow(/make the program a module \(\.mts/)
    },
    120_000,
  )

  test.each(ways.filter(({ name }) => !apart.includes(name)))(
    'closures travel with $name',
    async (way) => {
      expect(await runInWay(way, folder, { ...process.env, ...rayEnv() })).toBe('all closures travelled\n')
    },
    120_000,
  )
})
