import { rmSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeUserFolder, runInWay, ways } from '#test/support/ways-to-run.ts'

let folder = ''
beforeAll(() => {
  folder = makeUserFolder()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test.each(ways)('closures travel with $name', async (way) => {
  expect(await runInWay(way, folder)).toBe('all closures travelled\n')
})
