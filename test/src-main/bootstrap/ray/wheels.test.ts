import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { list } from 'tar'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { openWheelsArchives } from '#src-main/bootstrap/ray/wheels.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shoal-wheels-'))
  mkdirSync(join(folder, 'wheels'))
})
afterEach(() => rmSync(folder, { recursive: true }))
const put = (name: string, text: string) => writeFileSync(join(folder, 'wheels', name), text)

const ray = 'ray-2.58.0-cp311-cp311-manylinux2014_x86_64.whl'
const wanted = () => ({ folder: join(folder, 'wheels'), version: '2.58.0' })

test('the wheels of a folder become one archive, named by its content, that holds nothing else of it', async () => {
  put(ray, 'ray')
  put('six-1.17.0-1-py2.py3-none-any.whl', 'six')
  put('secret.txt', 'not sent')
  put('@list.whl', 'no wheel')
  const archives = await openWheelsArchives(join(folder, 'packed'))
  const packed = await archives.get(wanted())
  expect(packed.path).toContain(packed.sha256)
  expect(packed.sizeBytes).toBe(readFileSync(packed.path).length)
  const names: string[] = []
  await list({ file: packed.path, onReadEntry: ({ path }) => names.push(path) })
  expect(names).toEqual([`./${ray}`, './six-1.17.0-1-py2.py3-none-any.whl'])
  utimesSync(join(folder, 'wheels', 'six-1.17.0-1-py2.py3-none-any.whl'), 1, 1)
  expect((await archives.get(wanted())).sha256).toBe(packed.sha256)
})

test('they are packed once for all who ask, anew when they change, and few archives stay', async () => {
  const archives = await openWheelsArchives(join(folder, 'packed'))
  put(ray, '0')
  const [one, other] = [archives.get(wanted()), archives.get(wanted())]
  expect(await one).toBe(await other)
  for (let round = 1; round <= 6; round += 1) {
    put(ray, `changed ${'x'.repeat(round)}`)
    const { path } = await archives.get(wanted())
    expect(readFileSync(path, 'utf8')).toContain(`changed ${'x'.repeat(round)}`)
  }
  await vi.waitFor(() => expect(readdirSync(join(folder, 'packed'))).toHaveLength(4))
  await openWheelsArchives(join(folder, 'packed'))
  expect(existsSync(join(folder, 'packed'))).toBe(false)
})

test('a folder that is not there, or has another Ray or none, is refused with how to fill it', async () => {
  const archives = await openWheelsArchives(join(folder, 'packed'))
  await expect(archives.get({ ...wanted(), folder: join(folder, 'nothing') })).rejects.toThrow(
    /cannot be read.*give a folder of this computer/,
  )
  await expect(archives.get(wanted())).rejects.toThrow(/no wheel of Ray 2\.58\.0 in .*pip download -d .*"ray\[default\]==2\.58\.0" pip/)
  put('ray-2.57.0-cp311-cp311-manylinux2014_x86_64.whl', '')
  await expect(archives.get(wanted())).rejects.toThrow(/no wheel of Ray 2\.58\.0 in .*, but 2\.57\.0/)
})
