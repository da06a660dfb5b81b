import { createHash } from 'node:crypto'
import { appendFileSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openPayloadArchives } from '#src-main/bootstrap/payload-archive.ts'

describe('the payloads of a folder', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'shoal-archives-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  function put(version: string, arch: string, content: string): string {
    const path = join(folder, `shoal-${version}-linux-${arch}.tar.gz`)
    const sha256 = createHash('sha256').update(content).digest('hex')
    writeFileSync(path, content)
    writeFileSync(path.replace('.tar.gz', '.json'), JSON.stringify({ madeOf: 'x', sha256, sizeBytes: content.length }))
    return sha256
  }

  test('are found by processor, of several versions the one made last', async () => {
    put('0.1.0', 'x64', 'old')
    utimesSync(join(folder, 'shoal-0.1.0-linux-x64.tar.gz'), 1, 1)
    const sha256 = put('0.2.0', 'x64', 'newer')
    put('0.1.0', 'arm64', 'other')
    const archives = openPayloadArchives(folder)
    expect(await archives.get('x64')).toEqual({
      arch: 'x64',
      version: '0.2.0',
      path: join(folder, 'shoal-0.2.0-linux-x64.tar.gz'),
      sha256,
      sizeBytes: 5,
    })
    expect((await archives.list()).map(({ arch }) => arch).toSorted()).toEqual(['arm64', 'x64'])
  })

  test('that are not there are named by the command that makes them', async () => {
    await expect(openPayloadArchives(folder).get('arm64')).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringContaining('npm run payload -- --arch arm64'),
    })
    await expect(openPayloadArchives(join(folder, 'nowhere')).get('x64')).rejects.toMatchObject({ code: 'not-found' })
  })

  test('whose content is not what their record says are refused, and taken again once they are whole', async () => {
    put('0.1.0', 'x64', 'content')
    appendFileSync(join(folder, 'shoal-0.1.0-linux-x64.tar.gz'), 'more')
    const archives = openPayloadArchives(folder)
    await expect(archives.get('x64')).rejects.toMatchObject({ code: 'store.corrupt' })
    put('0.1.0', 'x64', 'content')
    expect((await archives.get('x64')).sizeBytes).toBe(7)
  })
})
