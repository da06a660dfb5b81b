import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { chooseMemoryRoot, openStoreDirectory, removeStaleStores } from '#runtime/store/store-directory.ts'
import { aFolder, atEnd } from './support.ts'

async function ownerOf(directory: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(join(directory, 'owner.json'), 'utf8'))
}

/** Rewrites who owns a directory; the rest stays as this process wrote it. */
async function giveTo(directory: string, owner: Record<string, unknown>): Promise<void> {
  await writeFile(join(directory, 'owner.json'), JSON.stringify({ ...(await ownerOf(directory)), ...owner }))
}

async function endedPid(): Promise<number> {
  const child = spawn('true')
  await new Promise((resolve) => child.once('exit', resolve))
  return child.pid ?? 0
}

test('directories of dead processes go; those of live ones, of others and of unknown owners stay', async () => {
  const root = await aFolder()
  const sleeper = spawn('sleep', ['60'])
  atEnd(() => void sleeper.kill())
  const [dead, reused, rebooted, live, container] = await Promise.all(
    ['dead', 'reused', 'rebooted', 'live', 'container'].map((name) => openStoreDirectory(root, name)),
  )
  await giveTo(dead as string, { pid: await endedPid() })
  await giveTo(reused as string, { pid: sleeper.pid, startTicks: '1' }) // the pid lives, but it is another process
  await giveTo(rebooted as string, { bootId: 'an earlier boot' })
  await giveTo(container as string, { pid: 2 ** 22 + 1, pidNamespace: 'pid:[1]' })
  const prefix = (live as string).slice(0, -'live'.length)
  await mkdir(`${prefix}no-owner`)
  await mkdir(join(root, 'something-else'))
  expect(new Set(await removeStaleStores(root))).toEqual(new Set([dead, rebooted, reused]))
  expect([dead, reused, rebooted].map((path) => existsSync(path as string))).toEqual([false, false, false])
  expect([live, container, `${prefix}no-owner`, join(root, 'something-else')].map((path) => existsSync(path as string))).toEqual([
    true,
    true,
    true,
    true,
  ])
})

test('a name that a live process holds is refused, one that a dead process left is taken over', async () => {
  const root = await aFolder()
  const path = await openStoreDirectory(root, 'n')
  await expect(openStoreDirectory(root, 'n')).rejects.toMatchObject({ code: 'cluster.start-failed' })
  await giveTo(path, { pid: await endedPid() })
  await writeFile(join(path, 'segment-0'), 'left over')
  expect(await openStoreDirectory(root, 'n')).toBe(path)
  expect(existsSync(join(path, 'segment-0'))).toBe(false)
  expect(await ownerOf(path)).toMatchObject({ pid: process.pid })
})

test('a directory that somebody prepared under our name is not used', async () => {
  const root = await aFolder()
  const path = await openStoreDirectory(root, 'n')
  await mkdir(`${path}2`)
  await expect(openStoreDirectory(root, 'n2')).rejects.toThrow(/does not own, or that is no store/)
})

test('no such root means nothing to remove', async () => {
  expect(await removeStaleStores(join(await aFolder(), 'none'))).toEqual([])
})

test('memory lies where there is room for it', async () => {
  const roots = { memoryRoot: '/dev/shm', diskRoot: '/disk' }
  expect(await chooseMemoryRoot(1_000, roots)).toBe('/dev/shm')
  expect(await chooseMemoryRoot(2 ** 50, roots)).toBe('/disk')
  expect(await chooseMemoryRoot(1_000, { ...roots, memoryRoot: '/not-there' })).toBe('/disk')
})
