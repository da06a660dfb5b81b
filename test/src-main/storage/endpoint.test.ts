import { chmod, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openDataFolder } from '#src-main/storage/data-folder.ts'
import { readEndpoint, writeEndpoint } from '#src-main/storage/endpoint.ts'
import { refusalOf, temporaryDataFolder, temporaryFolder } from './support.ts'

const url = 'http://127.0.0.1:4321'

test('the address and token of a running panel are found, and gone when it takes them away', async () => {
  const folder = await temporaryDataFolder()
  expect(await readEndpoint(folder.path)).toBeUndefined()
  const remove = await writeEndpoint(folder, { url, token: 'planted-token' })
  expect(await readEndpoint(folder.path)).toMatchObject({ url, token: 'planted-token', pid: process.pid })
  const record = await readFile(folder.file('endpoint.json'), 'utf8')
  expect(record).not.toContain('planted-token')
  for (const name of await readdir(folder.path)) expect((await stat(join(folder.path, name))).mode & 0o077).toBe(0)
  await writeEndpoint(folder, { url, token: 'second' })
  expect((await readdir(folder.path)).filter((name) => name.startsWith('endpoint-token'))).toHaveLength(1)
  await remove()
  expect((await readdir(folder.path)).filter((name) => name.startsWith('endpoint'))).toEqual([])
})

test('what a panel left that does not run any more is no endpoint', async () => {
  const path = join(await temporaryFolder(), 'data')
  const folder = await openDataFolder(path)
  await writeEndpoint(folder, { url, token: 'x' })
  await folder.close()
  expect(await readEndpoint(path)).toBeUndefined()
})

test('an address that is not of this computer is refused, as the token would be sent there', async () => {
  const folder = await temporaryDataFolder()
  for (const bad of ['http://10.0.0.1:80', 'http://127.0.0.1.example.com', 'file:///etc', 'http://localhost@example.com']) {
    expect((await refusalOf(writeEndpoint(folder, { url: bad, token: 'x' }))).code).toBe('bad-argument')
  }
})

test('a token that others may read is refused', async () => {
  const folder = await temporaryDataFolder()
  await writeEndpoint(folder, { url, token: 'x' })
  const name = (await readdir(folder.path)).find((each) => each.startsWith('endpoint-token')) ?? ''
  await chmod(folder.file(name), 0o644)
  expect((await refusalOf(readEndpoint(folder.path))).message).toContain(name)
})
