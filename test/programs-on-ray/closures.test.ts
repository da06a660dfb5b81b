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

  test.each(ways)(
    'closures travel with $name',
    async (way) => {
      expect(await runInWay(way, folder, { ...process.env, ...rayEnv() })).toBe('all closures travelled\n')
    },
    120_000,
  )
})
