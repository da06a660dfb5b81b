import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { whyPackagesStay } from '#runtime/cli/packages/why-packages-stay.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shoal-stay-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const write = (name: string, text: string) => {
  mkdirSync(join(folder, name, '..'), { recursive: true })
  writeFileSync(join(folder, name), text)
}

test('a folder that names packages and has none is told to install them', () => {
  expect(whyPackagesStay(folder, [])).toBeUndefined()
  write('package.json', '{"type":"module"}')
  expect(whyPackagesStay(folder, [])).toBeUndefined()
  write('package.json', '{"dependencies":{"sharp":"1"}}')
  expect(whyPackagesStay(folder, [])).toMatch(/names packages that do not go along with the job: there is no node_modules in .*npm ci/)
  write('node_modules/sharp/index.js', '')
  expect(whyPackagesStay(folder, [])).toBeUndefined()
})

test('packages that an ignore file leaves out are told of, until it is said that they go along', () => {
  write('package.json', '{"dependencies":{"sharp":"1"}}')
  write('node_modules/sharp/index.js', '')
  write('.gitignore', 'node_modules/\n')
  expect(whyPackagesStay(folder, [])).toContain(`write !node_modules into ${join(folder, '.rayignore')}`)
  write('.rayignore', '!node_modules\n')
  expect(whyPackagesStay(folder, [])).toBeUndefined()
})
