import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { list } from 'tar'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { packWheels, readWheels } from '#src-main/bootstrap/ray/wheels.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shoal-wheels-'))
  mkdirSync(join(folder, 'wheels'))
})
afterEach(() => rmSync(folder, { recursive: true }))
const put = (name: string, text: string) => writeFileSync(join(folder, 'wheels', name), text)

test('the wheels of a folder become one archive, named by its content, that holds nothing else of it', async () => {
  put('ray-2.58.0-cp311-cp311-manylinux2014_x86_64.whl', 'ray')
  put('six-1.17.0-1-py2.py3-none-any.whl', 'six')
  put('secret.txt', 'not sent')
  put('@list.whl', 'no wheel')
  const packed = await packWheels(join(folder, 'wheels'), join(folder, 'packed'))
  expect(packed.path).toContain(packed.sha256)
  expect(packed.sizeBytes).toBe(readFileSync(packed.path).length)
  const names: string[] = []
  await list({ file: packed.path, onReadEntry: ({ path }) => names.push(path) })
  expect(names).toEqual(['./ray-2.58.0-cp311-cp311-manylinux2014_x86_64.whl', './six-1.17.0-1-py2.py3-none-any.whl'])
  utimesSync(join(folder, 'wheels', 'six-1.17.0-1-py2.py3-none-any.whl'), 1, 1)
  expect((await packWheels(join(folder, 'wheels'), join(folder, 'packed'))).sha256).toBe(packed.sha256)
})

test('what is in the names of wheels is read', async () => {
  put('ray-2.58.0-cp311-cp311-manylinux2014_x86_64.whl', '')
  put('PyYAML-6.0.4-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl', '')
  expect((await readWheels(join(folder, 'wheels'))).map(({ name, version, tags }) => [name, version, tags])).toEqual([
    ['pyyaml', '6.0.4', 'cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64'],
    ['ray', '2.58.0', 'cp311-cp311-manylinux2014_x86_64'],
  ])
})

test('a folder that is not there, or holds no wheel, is refused with how to fill it', async () => {
  await expect(readWheels(join(folder, 'nothing'))).rejects.toThrow(/cannot be read.*give a folder of this computer/)
  await expect(readWheels(join(folder, 'wheels'))).rejects.toThrow(/no wheels in .*pip download -d .*"ray\[default\]"/)
})
